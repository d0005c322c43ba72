-- effect_basis and weakness_effect_basis: the exceptions of now that count. Few rows.
DELETE FROM recommendations_effectbasis
-- ;;
INSERT INTO recommendations_effectbasis (recommendation_id, group_id)
SELECT recommendation_id, group_id FROM recommendations_exceptioneffect WHERE mitigates
-- ;;
DELETE FROM recommendations_weaknesseffectbasis
-- ;;
INSERT INTO recommendations_weaknesseffectbasis (weakness_id, software_id, group_id)
SELECT weakness_id, software_id, group_id FROM recommendations_weaknesseffect
