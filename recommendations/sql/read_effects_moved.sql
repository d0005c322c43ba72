-- Whether other exceptions count now than those that the stored figures take into account. All are few rows.
SELECT EXISTS (
    (SELECT recommendation_id, group_id FROM recommendations_exceptioneffect WHERE mitigates
     EXCEPT SELECT recommendation_id, group_id FROM recommendations_effectbasis)
    UNION ALL
    (SELECT recommendation_id, group_id FROM recommendations_effectbasis
     EXCEPT SELECT recommendation_id, group_id FROM recommendations_exceptioneffect WHERE mitigates)
) OR EXISTS (
    (SELECT weakness_id, software_id, group_id FROM recommendations_weaknesseffect
     EXCEPT SELECT weakness_id, software_id, group_id FROM recommendations_weaknesseffectbasis)
    UNION ALL
    (SELECT weakness_id, software_id, group_id FROM recommendations_weaknesseffectbasis
     EXCEPT SELECT weakness_id, software_id, group_id FROM recommendations_weaknesseffect)
) AS moved
