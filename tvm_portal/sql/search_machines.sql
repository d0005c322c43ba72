-- Machines of some groups by name: those that begin with the words, then those that hold them. `total` ends at `most`.
-- Key: machine. Cost: `most` steps a group on the index (group, lower(name)), and `most` rows by the trigrams of the name.
WITH starting AS (
    SELECT m.id
    FROM unnest(%(groups)s::int[]) AS g (id)
    CROSS JOIN LATERAL (
        SELECT i.id
        FROM inventory_machine i
        WHERE i.group_id = g.id AND lower(i.name) LIKE %(prefix)s
        ORDER BY lower(i.name) USING ~<~
        LIMIT %(most)s
    ) m
), holding AS (
    SELECT i.id
    FROM inventory_machine i
    WHERE %(inside)s <> '' AND i.name ILIKE %(inside)s AND i.group_id = ANY(%(groups)s)
    LIMIT %(most)s
), found AS (
    SELECT id FROM starting UNION SELECT id FROM holding
)
SELECT m.id, m.name, m.domain, m.os_name, g.name AS group_name, s.level,
       lower(m.name) = %(exact)s AS exact,
       count(*) OVER () AS total
FROM found f
JOIN inventory_machine m ON m.id = f.id
JOIN inventory_machinegroup g ON g.id = m.group_id
LEFT JOIN recommendations_machinescore s ON s.machine_id = m.id
ORDER BY lower(m.name) = %(exact)s DESC, lower(m.name) LIKE %(prefix)s DESC, lower(m.name), m.id
LIMIT %(limit)s
