-- Machines to which a check applies (or only those that fail it), the most exposed first, where they are many: walks each
-- group's scores from the top until the page is full. Key: machine. Cost: (offset + limit) x fleet / results index probes.
SELECT p.machine_id AS id, p.score, p.level
FROM unnest(%(groups)s::int[]) AS g(id)
CROSS JOIN LATERAL (
    SELECT s.machine_id, s.score, s.level
    FROM recommendations_machinescore s
    WHERE s.group_id = g.id
      AND EXISTS (SELECT FROM inventory_configurationresult c
                   WHERE c.machine_id = s.machine_id AND c.configuration_id = %(configuration)s AND (NOT %(failing)s OR NOT c.passed))
    ORDER BY s.score DESC, s.machine_id
    LIMIT %(offset)s + %(limit)s
) p
ORDER BY p.score DESC, p.machine_id
LIMIT %(limit)s OFFSET %(offset)s
