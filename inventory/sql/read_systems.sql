-- The operating systems that machines are known to run, by external id. Keyed by machine: each machine's rows are read
-- through its own key (OFFSET 0), and few of them are systems.
SELECT m.external_id, s.name, s.vendor, v.version, v.platform
FROM inventory_machine m
CROSS JOIN LATERAL (
    SELECT version_id FROM inventory_installation WHERE machine_id = m.id OFFSET 0
) i
JOIN inventory_version v ON v.id = i.version_id
JOIN inventory_software s ON s.id = v.software_id
WHERE m.external_id = ANY(%(external_ids)s) AND s.ecosystem = 'os' AND v.platform = 'windows'
ORDER BY m.external_id, v.id
