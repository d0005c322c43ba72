-- Merges `result` (external_id, check_id, passed) into configuration_result; only changed rows. Keyed by machine and check.
INSERT INTO inventory_configurationresult AS r (machine_id, configuration_id, passed, changed_at)
SELECT m.id, c.id, t.passed, %(now)s
FROM result t
JOIN inventory_machine m ON m.external_id = t.external_id
JOIN inventory_configuration c ON c.source = 'demo' AND c.external_id = t.check_id
ON CONFLICT (machine_id, configuration_id) DO UPDATE SET passed = excluded.passed, changed_at = excluded.changed_at
WHERE r.passed IS DISTINCT FROM excluded.passed
