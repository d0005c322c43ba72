-- Software that machines of some groups have, by name, vendor or id, like the list of software; two letters must begin a word of the
-- name. `total` ends at `most`. Key: software. Cost: by the trigrams of the three columns; the best `most`, by what every group
-- together has, are looked up in the groups.
WITH named AS (
    SELECT id, key, name, vendor, installed_count,
           %(exact)s IN (lower(name), lower(key)) AS exact,
           lower(name) LIKE %(prefix)s OR lower(name) LIKE '%% ' || %(prefix)s AS starts,
           name ILIKE %(inside)s AS holds
    FROM inventory_software
    WHERE %(long)s AND (name ILIKE %(inside)s OR vendor ILIKE %(inside)s OR key ILIKE %(inside)s)
       OR NOT %(long)s AND (name ILIKE %(prefix)s OR name ILIKE '%% ' || %(prefix)s OR vendor ILIKE %(prefix)s)
    ORDER BY exact DESC, starts DESC, holds DESC, installed_count DESC, id
    OFFSET 0
), here AS (
    SELECT n.*, s.installed, s.exposed
    FROM named n
    CROSS JOIN LATERAL (
        SELECT sum(x.installed)::int AS installed, sum(x.exposed)::int AS exposed
        FROM inventory_softwarestat x
        WHERE x.software_id = n.id AND x.group_id = ANY(%(groups)s)
        HAVING sum(x.installed) > 0
    ) s
    LIMIT %(most)s
)
SELECT key, name, vendor, installed, exposed, exact, count(*) OVER () AS total
FROM here
ORDER BY exact DESC, starts DESC, holds DESC, installed DESC, key
LIMIT %(limit)s
