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
-- ;;
-- Versions of these machines that are not what the last full run found: whatever they are by the next, their carriers are then made again.
INSERT INTO recommendations_versionrisk (version_id, severity, exploit, published_on)
SELECT c.version_id, -1, 0, NULL
FROM (
    SELECT DISTINCT v.version_id FROM recommendations_machinebasis b CROSS JOIN unnest(b.versions) AS v(version_id)
    WHERE b.machine_id = ANY(%(machines)s)
) c
JOIN inventory_version k ON k.id = c.version_id
LEFT JOIN recommendations_versionrisk o ON o.version_id = c.version_id
LEFT JOIN part_version_risk n ON n.version_id = c.version_id
WHERE (o.severity, o.exploit, o.published_on) IS DISTINCT FROM (n.severity, n.exploit, n.published_on) AND o.severity IS DISTINCT FROM -1
ON CONFLICT (version_id) DO UPDATE SET severity = -1
