-- part_relieved: what part_excepted takes off the exposures that part_excepted_moved touches, from what their scores rest on.
-- Key: (machine, recommendation). Cost: machines that carry one of those versions. One that carries it no more is rebuilt by the run that
-- it waits for.
DROP TABLE IF EXISTS part_relieved
-- ;;
CREATE TEMP TABLE part_relieved ON COMMIT DROP AS
WITH machine AS (
    SELECT DISTINCT b.machine_id, b.group_id, b.versions
    FROM part_excepted_moved m
    JOIN inventory_installation i ON i.version_id = m.version_id
    JOIN recommendations_machinebasis b ON b.machine_id = i.machine_id AND b.group_id = m.group_id
)
SELECT n.machine_id, n.recommendation_id, CASE WHEN n.excepted > 0 THEN greatest(0, %(peak_share)s * (n.peak - n.peak_left) + %(sum_share)s * (n.sum - n.sum_left)) END AS relief,
    CASE WHEN n.excepted > 0 THEN n.gone = n.versions END AS cleared
FROM (
    SELECT c.machine_id, s.recommendation_id, count(*) AS versions, count(x.version_id) AS excepted, count(*) FILTER (WHERE x.remaining = 0) AS gone,
        max(s.peak) AS peak, sum(s.sum) AS sum, max(coalesce(x.peak, s.peak)) AS peak_left, sum(coalesce(x.sum, s.sum)) AS sum_left
    FROM machine c
    CROSS JOIN unnest(c.versions) AS v(version_id)
    JOIN recommendations_versionscore s ON s.version_id = v.version_id
    LEFT JOIN part_excepted x ON x.version_id = s.version_id AND x.recommendation_id = s.recommendation_id AND x.group_id = c.group_id
    WHERE s.recommendation_id IN (SELECT recommendation_id FROM part_excepted_moved)
    GROUP BY c.machine_id, s.recommendation_id
) n
-- ;;
ANALYZE part_relieved
