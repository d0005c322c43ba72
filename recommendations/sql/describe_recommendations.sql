-- What the list shows of a software recommendation, from part_pair restricted to versions on the fleet, for all
-- recommendations or those of software_ids. present: some active machine needs it.
WITH fact AS (
    SELECT r.id, count(DISTINCT p.weakness_id) AS weaknesses, max(p.exploit) AS exploit, bool_or(p.exploited) AS exploited,
        bool_or(p.alerted) AS alerted,
        (array_agg(p.weakness_id ORDER BY p.risk DESC, p.weakness_id) FILTER (WHERE p.weakness_id IS NOT NULL))[1] AS weakness_id,
        (array_agg(p.severity ORDER BY p.risk DESC, p.weakness_id))[1] AS severity,
        (array_agg(p.threat ORDER BY p.risk DESC, p.weakness_id))[1] AS threat,
        array_agg(DISTINCT CASE WHEN v.platform IN ('windows', 'macos') THEN v.platform WHEN v.platform = '' THEN 'any' ELSE 'linux' END) AS families
    FROM part_pair p
    JOIN inventory_software s ON s.id = p.software_id
    JOIN inventory_version v ON v.id = p.version_id
    JOIN recommendations_recommendation r ON r.key = 'va-_-' || s.key || p.slot
    WHERE p.software_id = ANY(%(software_ids)s) AND EXISTS (SELECT FROM inventory_versionstat x WHERE x.version_id = p.version_id)
    GROUP BY r.id
), wanted AS (
    SELECT r.id, coalesce(f.weaknesses, 0) AS weaknesses, coalesce(f.exploit, 0) AS exploit, coalesce(f.exploited, false) AS exploited,
        coalesce(f.alerted, false) AS alerted, f.weakness_id, coalesce(f.severity, 0) AS severity, coalesce(f.threat, 0) AS threat,
        f.id IS NOT NULL AS present, s.name AS component, coalesce(f.families::text[], ARRAY['any']) AS families,
        CASE WHEN r.kind IN ('update', 'uninstall') THEN CASE WHEN s.support = 4 THEN 'uninstall' ELSE 'update' END ELSE r.kind END AS kind,
        CASE WHEN s.ecosystem = 'os' THEN 'os' ELSE 'application' END AS category
    FROM recommendations_recommendation r
    JOIN inventory_software s ON s.id = r.software_id
    LEFT JOIN fact f ON f.id = r.id
    WHERE r.software_id = ANY(%(software_ids)s)
)
UPDATE recommendations_recommendation o
SET kind = n.kind, component = n.component, category = n.category, weakness_count = n.weaknesses, exploit = n.exploit, exploited = n.exploited,
    active_alert = n.alerted, zero_day = n.kind = 'attention' AND (n.exploited OR n.exploit > 0), top_weakness_id = n.weakness_id,
    top_severity = n.severity, top_threat = n.threat, present = n.present, families = n.families,
    first_seen = CASE WHEN n.present AND NOT o.present AND o.resolved_at IS NULL THEN %(now)s ELSE o.first_seen END,
    resolved_at = CASE WHEN n.present THEN NULL WHEN o.present THEN %(now)s ELSE o.resolved_at END
FROM wanted n
WHERE n.id = o.id
  AND (o.kind, o.component, o.category, o.weakness_count, o.exploit, o.exploited, o.active_alert, o.zero_day, o.top_weakness_id, o.top_severity, o.top_threat,
        o.present, o.families::text[])
    IS DISTINCT FROM (n.kind, n.component, n.category, n.weaknesses, n.exploit, n.exploited, n.alerted, n.kind = 'attention' AND (n.exploited OR n.exploit > 0),
        n.weakness_id, n.severity, n.threat, n.present, n.families)
