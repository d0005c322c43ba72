-- part_need: software whose weaknesses are taken for something else since the last full run, with the steps (from `since`, before `until`) at which
-- machines were rebuilt by other facts than now. By the index on steps: costs what was learnt. Of all, or of what is on `machines` and new to one of them.
-- An empty part_known, which find_known_scores fills where there is such software.
DROP TABLE IF EXISTS part_need, part_known
-- ;;
CREATE TEMP TABLE part_known (version_id int, since bigint, until bigint, recommendation_id int, known_peak float8, known_sum float8, peak float8,
    sum float8, exploit smallint, exploited boolean) ON COMMIT DROP
-- ;;
CREATE TEMP TABLE part_need ON COMMIT DROP AS
SELECT software_id, lag(step, 1, 0::bigint) OVER (PARTITION BY software_id ORDER BY step) AS since, step AS until
FROM (
    SELECT DISTINCT n.software_id, n.step
    FROM recommendations_weaknessbasis n
    WHERE n.step > %(full_step)s
      AND EXISTS (
        SELECT FROM recommendations_weaknessbasis o WHERE o.software_id = n.software_id AND o.weakness_id = n.weakness_id AND o.step < n.step)
      AND (%(everything)s OR n.software_id IN (
        SELECT v.software_id FROM inventory_installation i JOIN inventory_version v ON v.id = i.version_id WHERE i.machine_id = ANY(%(machines)s)))
) l
-- ;;
DELETE FROM part_need
WHERE NOT %(everything)s
  AND until <= (SELECT min(greatest(step, %(full_step)s)) FROM recommendations_machinebasis WHERE machine_id = ANY(%(machines)s))
-- ;;
ANALYZE part_need
-- ;;
SELECT DISTINCT software_id FROM part_need
