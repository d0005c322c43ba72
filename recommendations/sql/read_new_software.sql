-- Software with a version on `machines` that no machine was counted with yet.
SELECT DISTINCT v.software_id
FROM inventory_installation i
JOIN inventory_version v ON v.id = i.version_id
WHERE i.machine_id = ANY(%(machines)s) AND NOT EXISTS (SELECT FROM inventory_versionstat x WHERE x.version_id = i.version_id)
