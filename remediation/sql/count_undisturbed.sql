-- Machines of some groups that fail a check and carry a tag. Key: none, one row. Cost: the machines with the tag, by its index.
SELECT count(*)::int AS machines
FROM inventory_machine m
JOIN recommendations_machinescore s ON s.machine_id = m.id
JOIN inventory_configurationresult c ON c.machine_id = m.id AND c.configuration_id = %(configuration)s AND NOT c.passed
WHERE m.tags @> ARRAY[%(tag)s::text]::varchar[] AND s.group_id = ANY(%(groups)s)
