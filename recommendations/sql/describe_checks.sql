-- A recommendation for every check with results on `machines` (or all), keyed sca-_-scid-n; whether it is present comes
-- with the stats. In order: two computations that meet wait for each other one way.
INSERT INTO recommendations_recommendation (key, kind, status, configuration_id, title, component, category, recommended_version,
    weakness_count, exploit, exploited, active_alert, zero_day, top_severity, top_threat, present, first_seen)
SELECT 'sca-_-scid-' || c.id, 'configuration', 'active', c.id, c.name, '', c.category, '', 1, 0, false, false, false, 0, 0, false, %(now)s
FROM inventory_configuration c
WHERE c.id IN (
    SELECT u.id FROM recommendations_machinebasis b CROSS JOIN unnest(b.passing || b.failing) AS u(id)
    WHERE %(everything)s OR b.machine_id = ANY(%(machines)s))
  AND NOT EXISTS (SELECT FROM recommendations_recommendation r WHERE r.configuration_id = c.id)
ORDER BY c.id
ON CONFLICT (key) DO NOTHING
