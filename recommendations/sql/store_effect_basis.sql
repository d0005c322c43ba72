-- effect_basis: the mitigating exceptions of now. Few rows.
DELETE FROM recommendations_effectbasis
-- ;;
INSERT INTO recommendations_effectbasis (recommendation_id, group_id)
SELECT recommendation_id, group_id FROM recommendations_exceptioneffect WHERE mitigates
