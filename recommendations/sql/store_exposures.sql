-- exposure from part_exposure, keyed (machine, recommendation), for `machines` (or all). Stored and wanted rows are compared
-- once; only differences are written.
DROP TABLE IF EXISTS part_exposure_change
-- ;;
CREATE TEMP TABLE part_exposure_change ON COMMIT DROP AS
SELECT coalesce(n.machine_id, o.machine_id) AS machine_id, coalesce(n.recommendation_id, o.recommendation_id) AS recommendation_id, n.base,
    CASE WHEN o.machine_id IS NULL THEN 'new' WHEN n.machine_id IS NULL THEN 'gone' ELSE 'moved' END AS change
FROM part_exposure n
FULL JOIN (
    SELECT machine_id, recommendation_id, base FROM recommendations_exposure WHERE %(everything)s OR machine_id = ANY(%(machines)s)
) o ON o.machine_id = n.machine_id AND o.recommendation_id = n.recommendation_id
WHERE o.machine_id IS NULL OR n.machine_id IS NULL OR abs(n.base - o.base) > 1e-12 * greatest(1, n.base)
-- ;;
ANALYZE part_exposure_change (machine_id, recommendation_id, change)
-- ;;
DELETE FROM recommendations_exposure o
USING part_exposure_change c
WHERE c.change = 'gone' AND c.machine_id = o.machine_id AND c.recommendation_id = o.recommendation_id
  AND (%(everything)s OR o.machine_id = ANY(%(machines)s))
-- ;;
INSERT INTO recommendations_exposure (machine_id, recommendation_id, base)
SELECT machine_id, recommendation_id, base FROM part_exposure_change WHERE change = 'new'
-- ;;
UPDATE recommendations_exposure o SET base = c.base
FROM part_exposure_change c
WHERE c.change = 'moved' AND c.machine_id = o.machine_id AND c.recommendation_id = o.recommendation_id
  AND (%(everything)s OR o.machine_id = ANY(%(machines)s))
