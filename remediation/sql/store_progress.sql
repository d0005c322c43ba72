-- Which targets are done, from what their machines report now; only differences are written. Watched are activities in progress
-- and those that completed by themselves: a machine that falls back opens them again. A machine that is silent, and so has no
-- score, stays as it was last known. A version counts as done from the version that was asked for on, whatever becomes known
-- about it later. Cost: targets of the watched activities, or of the named ones.
DROP TABLE IF EXISTS part_target_change
-- ;;
CREATE TEMP TABLE part_target_change ON COMMIT DROP AS
SELECT w.activity_id, w.machine_id, w.needs
FROM (
    SELECT t.activity_id, t.machine_id, t.fixed_at,
        CASE WHEN r.configuration_id IS NOT NULL THEN EXISTS (
            SELECT FROM inventory_configurationresult c
            WHERE c.machine_id = t.machine_id AND c.configuration_id = r.configuration_id AND NOT c.passed
        ) ELSE EXISTS (
            SELECT FROM inventory_installation i
            JOIN inventory_version v ON v.id = i.version_id
            JOIN recommendations_versionscore x ON x.version_id = v.id AND x.recommendation_id = r.id
            LEFT JOIN jsonb_to_recordset(a.aims) AS aim (platform text, key text) ON aim.platform = v.platform
            WHERE i.machine_id = t.machine_id
              AND (coalesce(aim.key, '') = '' OR v.sort_key = '' OR v.sort_key < aim.key COLLATE "C")
        ) END AS needs
    FROM remediation_activity a
    JOIN remediation_activitytarget t ON t.activity_id = a.id
    JOIN recommendations_machinescore s ON s.machine_id = t.machine_id
    JOIN recommendations_recommendation r ON r.id = a.recommendation_id
    WHERE a.kind <> 'attention' AND (a.status = 'active' OR a.completion = 'automatic')
) w
WHERE w.needs = (w.fixed_at IS NOT NULL)
-- ;;
UPDATE remediation_activitytarget t SET fixed_at = CASE WHEN c.needs THEN NULL ELSE %(now)s END
FROM part_target_change c
WHERE t.activity_id = c.activity_id AND t.machine_id = c.machine_id
-- ;;
UPDATE remediation_activity a SET fixed_count = n.fixed, target_count = n.targets, fixed_within = n.within
FROM (
    SELECT p.activity_id, max(p.targets) AS targets, max(p.fixed) AS fixed, array_agg(p.within ORDER BY p.days) AS within
    FROM (
        SELECT t.activity_id, k.days, count(*) AS targets, count(t.fixed_at) AS fixed,
               count(*) FILTER (WHERE t.fixed_at <= b.created_at + make_interval(days => k.days)) AS within
        FROM remediation_activitytarget t
        JOIN remediation_activity b ON b.id = t.activity_id
        CROSS JOIN unnest(%(marks)s::int[]) AS k(days)
        WHERE t.activity_id IN (SELECT activity_id FROM part_target_change)
        GROUP BY t.activity_id, k.days
    ) p
    GROUP BY p.activity_id
) n
WHERE a.id = n.activity_id
-- ;;
SELECT a.id, a.status FROM remediation_activity a
WHERE (a.status = 'active' AND a.target_count > 0 AND a.fixed_count = a.target_count)
   OR (a.status = 'completed' AND a.completion = 'automatic' AND a.fixed_count < a.target_count)
ORDER BY a.id
