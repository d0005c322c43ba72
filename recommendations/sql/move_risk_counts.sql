-- risk_stat moved by the rows of `machines`: as they were (part_risk_before) taken out, as they are added. Cost: these machines.
INSERT INTO recommendations_riskstat (group_id, severity, exploit, counted_on, platform, release, machines)
SELECT group_id, severity, exploit, counted_on, platform, release, sum(step)::int
FROM (
    SELECT group_id, severity, exploit, counted_on, platform, release, -1 AS step FROM part_risk_before
    UNION ALL
    SELECT group_id, severity, exploit, counted_on, platform, release, 1 FROM recommendations_machinerisk WHERE machine_id = ANY(%(machines)s)
) t
WHERE severity IS NOT NULL
GROUP BY group_id, severity, exploit, counted_on, platform, release
HAVING sum(step) <> 0
ON CONFLICT (group_id, severity, exploit, counted_on, platform, release) DO UPDATE
SET machines = recommendations_riskstat.machines + EXCLUDED.machines
-- ;;
DELETE FROM recommendations_riskstat WHERE machines <= 0
