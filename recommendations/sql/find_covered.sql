-- part_covered: (recommendation, group) that a mitigating exception takes out of the sums.
DROP TABLE IF EXISTS part_covered
-- ;;
CREATE TEMP TABLE part_covered ON COMMIT DROP AS
SELECT DISTINCT f.recommendation_id, g.id AS group_id
FROM recommendations_exceptioneffect f
JOIN inventory_machinegroup g ON f.group_id IS NULL OR g.id = f.group_id
WHERE f.mitigates
-- ;;
ANALYZE part_covered
