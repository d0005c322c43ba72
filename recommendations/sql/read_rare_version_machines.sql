-- Machines that carry one of some versions, the most exposed first, where few machines do: takes them all by the index
-- on (version, machine) and sorts them by score. Key: machine. Cost: carriers of these versions.
SELECT s.machine_id AS id, s.score, s.level
FROM (
    SELECT DISTINCT i.machine_id
    FROM inventory_installation i
    WHERE i.version_id = ANY(%(versions)s)
) c
JOIN recommendations_machinescore s ON s.machine_id = c.machine_id
WHERE s.group_id = ANY(%(groups)s)
ORDER BY s.score DESC, s.machine_id
LIMIT %(limit)s OFFSET %(offset)s
