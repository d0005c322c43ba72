-- What one machine needs: software recommendations with their hazard before likelihood, and failing checks that have a
-- recommendation. Key: (machine, recommendation). Cost: exposures and failing checks of one machine, by primary key.
SELECT r.id, r.key, r.title, r.kind, r.status, r.component, r.weakness_count, r.exploit, r.exploited, r.active_alert, r.zero_day,
       e.base, NULL::int AS check_weight
FROM recommendations_exposure e
JOIN recommendations_recommendation r ON r.id = e.recommendation_id
WHERE e.machine_id = %(machine)s
UNION ALL
SELECT r.id, r.key, r.title, r.kind, r.status, r.component, r.weakness_count, r.exploit, r.exploited, r.active_alert, r.zero_day,
       NULL, c.impact
FROM inventory_configurationresult f
JOIN inventory_configuration c ON c.id = f.configuration_id
JOIN recommendations_recommendation r ON r.configuration_id = c.id
WHERE f.machine_id = %(machine)s AND NOT f.passed
