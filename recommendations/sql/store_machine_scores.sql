-- machine_score by part_score and part_left, and what machine_basis keeps of it.
UPDATE recommendations_machinebasis o
SET check_weight = n.check_weight, alerted = n.alerted, likelihood_after = n.likelihood_after
FROM part_score n
WHERE n.machine_id = o.machine_id AND (%(everything)s OR o.machine_id = ANY(%(machines)s))
  AND (o.check_weight, o.alerted, o.likelihood_after) IS DISTINCT FROM (n.check_weight, n.alerted, n.likelihood_after)
-- ;;
DELETE FROM recommendations_machinescore o USING part_left n
WHERE n.machine_id = o.machine_id AND (%(everything)s OR o.machine_id = ANY(%(machines)s))
-- ;;
INSERT INTO recommendations_machinescore (machine_id, group_id, weight, likelihood, pass_share, hazard, hazard_after, score, level, exposures)
SELECT n.machine_id, n.group_id, n.weight, n.likelihood, n.pass_share, n.hazard, n.hazard_after, n.score, n.level, n.exposures
FROM part_score n
ON CONFLICT (machine_id) DO UPDATE
SET group_id = EXCLUDED.group_id, weight = EXCLUDED.weight, likelihood = EXCLUDED.likelihood, pass_share = EXCLUDED.pass_share,
    hazard = EXCLUDED.hazard, hazard_after = EXCLUDED.hazard_after, score = EXCLUDED.score, level = EXCLUDED.level, exposures = EXCLUDED.exposures
