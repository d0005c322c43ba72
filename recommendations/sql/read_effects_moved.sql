-- Whether other exceptions mitigate now than those that the stored figures take into account. Both are few rows.
SELECT EXISTS (
    (SELECT recommendation_id, group_id FROM recommendations_exceptioneffect WHERE mitigates
     EXCEPT SELECT recommendation_id, group_id FROM recommendations_effectbasis)
    UNION ALL
    (SELECT recommendation_id, group_id FROM recommendations_effectbasis
     EXCEPT SELECT recommendation_id, group_id FROM recommendations_exceptioneffect WHERE mitigates)
) AS moved
