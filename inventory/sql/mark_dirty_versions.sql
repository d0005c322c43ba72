-- Machines that carry one of the versions, from the index on installation (version, machine).
INSERT INTO inventory_dirtymachine (machine_id, since)
SELECT DISTINCT i.machine_id, %(now)s::timestamptz
FROM inventory_installation i
WHERE i.version_id = ANY(%(version_ids)s)
ORDER BY i.machine_id
ON CONFLICT (machine_id) DO UPDATE SET since = excluded.since
