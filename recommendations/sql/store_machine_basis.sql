-- machine_basis of the rebuilt machines from part_contents and part_exposure; likelihood_after comes with the scores.
DROP TABLE IF EXISTS part_basis
-- ;;
CREATE TEMP TABLE part_basis ON COMMIT DROP AS
SELECT c.*, coalesce(e.base, 0) AS base, coalesce(e.exposures, 0) AS exposures, coalesce(e.exploit, 0) AS exploit, coalesce(e.exploited, false) AS exploited
FROM part_contents c
LEFT JOIN (
    SELECT machine_id, sum(base) AS base, count(*) AS exposures, max(exploit) AS exploit, bool_or(exploited) AS exploited
    FROM part_exposure WHERE base IS NOT NULL GROUP BY machine_id
) e ON e.machine_id = c.machine_id
-- ;;
DELETE FROM recommendations_machinebasis o
WHERE (%(everything)s OR o.machine_id = ANY(%(machines)s)) AND NOT EXISTS (SELECT FROM part_basis n WHERE n.machine_id = o.machine_id)
-- ;;
UPDATE recommendations_machinebasis o
SET group_id = n.group_id, signature = n.signature, versions = n.versions, passing = n.passing, failing = n.failing,
    base = n.base, exposures = n.exposures, exploit = n.exploit, exploited = n.exploited, step = %(step)s
FROM part_basis n
WHERE n.machine_id = o.machine_id AND (%(everything)s OR o.machine_id = ANY(%(machines)s))
  AND (o.group_id <> n.group_id OR o.signature <> n.signature OR abs(o.base - n.base) > 1e-12 * greatest(1, n.base)
    OR o.exposures <> n.exposures OR o.exploit <> n.exploit OR o.exploited <> n.exploited OR %(incremental)s)
-- ;;
-- A machine that was scored before keeps its likelihood until its score is stored.
INSERT INTO recommendations_machinebasis (machine_id, group_id, signature, versions, passing, failing, check_weight, alerted, likelihood_after,
    base, exposures, exploit, exploited, step)
SELECT n.machine_id, n.group_id, n.signature, n.versions, n.passing, n.failing, 0, false, coalesce(s.likelihood, 1), n.base, n.exposures, n.exploit,
    n.exploited, %(step)s
FROM part_basis n
LEFT JOIN recommendations_machinescore s ON s.machine_id = n.machine_id AND (%(everything)s OR s.machine_id = ANY(%(machines)s))
WHERE NOT EXISTS (
    SELECT FROM recommendations_machinebasis o WHERE o.machine_id = n.machine_id AND (%(everything)s OR o.machine_id = ANY(%(machines)s)))
