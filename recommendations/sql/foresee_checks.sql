-- A recommendation for every check with results on a machine that counts, so that slices do not meet making one. All results are
-- read only where a check has none yet.
WITH waiting AS MATERIALIZED (
    SELECT c.id, c.name, c.category
    FROM inventory_configuration c
    WHERE NOT EXISTS (SELECT FROM recommendations_recommendation r WHERE r.configuration_id = c.id)
)
INSERT INTO recommendations_recommendation (key, kind, status, configuration_id, title, component, category, recommended_version,
    weakness_count, exploit, exploited, active_alert, zero_day, top_severity, top_threat, present, first_seen)
SELECT 'sca-_-scid-' || c.id, 'configuration', 'active', c.id, c.name, '', c.category, '', 1, 0, false, false, false, 0, 0, false, %(now)s
FROM waiting c
WHERE (SELECT count(*) FROM waiting) > 0
  AND EXISTS (
    SELECT FROM inventory_configurationresult u JOIN inventory_machine m ON m.id = u.machine_id
    WHERE u.configuration_id = c.id AND NOT m.excluded AND m.last_seen >= %(active_since)s)
ON CONFLICT (key) DO NOTHING
