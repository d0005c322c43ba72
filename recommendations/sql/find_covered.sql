-- part_covered: (recommendation, group) that a mitigating exception takes out of the sums: one of now, or (`before`) of the stored figures.
DROP TABLE IF EXISTS part_covered
-- ;;
CREATE TEMP TABLE part_covered ON COMMIT DROP AS
SELECT DISTINCT f.recommendation_id, g.id AS group_id
FROM (
    SELECT recommendation_id, group_id FROM recommendations_exceptioneffect WHERE mitigates AND NOT %(before)s
    UNION ALL
    SELECT recommendation_id, group_id FROM recommendations_effectbasis WHERE %(before)s
) f
JOIN inventory_machinegroup g ON f.group_id IS NULL OR g.id = f.group_id
-- ;;
ANALYZE part_covered
