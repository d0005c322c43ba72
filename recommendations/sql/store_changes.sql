-- score_change of one run and the sums that wait for the day's snapshot, from part_cause. Keyed (run, group, cause). What was added up to nothing but
-- the last bits of a sum is not stored.
INSERT INTO recommendations_scorechange AS o (run_id, group_id, cause, machines, weight, exposure, exposure_after)
SELECT %(run)s, group_id, cause, sum(machines), sum(weight), sum(exposure), sum(exposure_after)
FROM part_cause
GROUP BY group_id, cause
HAVING sum(machines) > 0 AND greatest(abs(sum(weight)), abs(sum(exposure)), abs(sum(exposure_after))) > 1e-12
ON CONFLICT (run_id, group_id, cause) DO UPDATE SET machines = o.machines + EXCLUDED.machines, weight = o.weight + EXCLUDED.weight,
    exposure = o.exposure + EXCLUDED.exposure, exposure_after = o.exposure_after + EXCLUDED.exposure_after
-- ;;
INSERT INTO recommendations_scorechangeday AS o (day, group_id, cause, machines, weight, exposure, exposure_after)
SELECT %(open)s, group_id, cause, sum(machines), sum(weight), sum(exposure), sum(exposure_after)
FROM part_cause
GROUP BY group_id, cause
HAVING sum(machines) > 0 AND greatest(abs(sum(weight)), abs(sum(exposure)), abs(sum(exposure_after))) > 1e-12
ON CONFLICT (day, group_id, cause) DO UPDATE SET machines = o.machines + EXCLUDED.machines, weight = o.weight + EXCLUDED.weight,
    exposure = o.exposure + EXCLUDED.exposure, exposure_after = o.exposure_after + EXCLUDED.exposure_after
