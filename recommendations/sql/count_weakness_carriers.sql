-- Active machines of each group with a version that has a weakness, of one software or any; each counted once. Key: group.
SELECT s.group_id, count(DISTINCT s.machine_id)::int AS machines
FROM weaknesses_versionweakness m
JOIN weaknesses_weakness w ON w.id = m.weakness_id AND NOT w.rejected
JOIN inventory_version v ON v.id = m.version_id
JOIN inventory_installation i ON i.version_id = v.id
JOIN recommendations_machinescore s ON s.machine_id = i.machine_id
WHERE m.weakness_id = %(weakness)s AND (%(software)s::bigint IS NULL OR v.software_id = %(software)s)
GROUP BY s.group_id
