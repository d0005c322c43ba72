-- The machines of some groups with the highest scores, of one level or any: a few rows of the index of each group.
-- Key: machine. Cost: groups x (offset + limit), more where the level is rare.
SELECT p.machine_id AS id
FROM unnest(%(groups)s::int[]) AS g(id)
CROSS JOIN LATERAL (
    SELECT s.machine_id, s.score
    FROM recommendations_machinescore s
    WHERE s.group_id = g.id AND (%(levels)s::int[] IS NULL OR s.level = ANY(%(levels)s::int[]))
    ORDER BY s.score DESC, s.machine_id
    LIMIT %(offset)s + %(limit)s
) p
ORDER BY p.score DESC, p.machine_id
LIMIT %(limit)s OFFSET %(offset)s
