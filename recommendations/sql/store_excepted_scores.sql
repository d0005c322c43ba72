-- excepted_score set to part_excepted, of all software, or of software_ids; only differences are written. part_excepted_moved: those.
DROP TABLE IF EXISTS part_excepted_moved
-- ;;
CREATE TEMP TABLE part_excepted_moved ON COMMIT DROP AS
SELECT coalesce(o.version_id, n.version_id) AS version_id, coalesce(o.recommendation_id, n.recommendation_id) AS recommendation_id,
    coalesce(o.group_id, n.group_id) AS group_id
FROM (
    SELECT e.*
    FROM recommendations_exceptedscore e
    JOIN inventory_version v ON v.id = e.version_id
    WHERE %(everything)s OR v.software_id = ANY(%(software_ids)s)
) o
FULL JOIN part_excepted n ON n.version_id = o.version_id AND n.recommendation_id = o.recommendation_id AND n.group_id = o.group_id
WHERE o.version_id IS NULL OR n.version_id IS NULL OR abs(o.peak - n.peak) > 1e-14 OR abs(o.sum - n.sum) > 1e-12 * greatest(1, n.sum)
   OR o.remaining <> n.remaining
-- ;;
ANALYZE part_excepted_moved
-- ;;
DELETE FROM recommendations_exceptedscore o USING part_excepted_moved m
WHERE m.version_id = o.version_id AND m.recommendation_id = o.recommendation_id AND m.group_id = o.group_id
-- ;;
INSERT INTO recommendations_exceptedscore (version_id, recommendation_id, group_id, peak, sum, remaining)
SELECT n.version_id, n.recommendation_id, n.group_id, n.peak, n.sum, n.remaining
FROM part_excepted n
JOIN part_excepted_moved m ON m.version_id = n.version_id AND m.recommendation_id = n.recommendation_id AND m.group_id = n.group_id
