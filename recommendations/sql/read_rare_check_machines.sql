-- Machines to which a check applies (or only those that fail it), the most exposed first, where they are few: takes them
-- all by the index on (configuration, machine), or by a scan for those that pass, and sorts them. Key: machine.
-- Cost: results of one check.
SELECT s.machine_id AS id, s.score, s.level
FROM inventory_configurationresult c
JOIN recommendations_machinescore s ON s.machine_id = c.machine_id
WHERE c.configuration_id = %(configuration)s AND (NOT %(failing)s OR NOT c.passed) AND s.group_id = ANY(%(groups)s)
ORDER BY s.score DESC, s.machine_id
LIMIT %(limit)s OFFSET %(offset)s
