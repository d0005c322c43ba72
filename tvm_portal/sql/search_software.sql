-- Software that machines of some groups have, by name, vendor or id: the same that the list of software finds.
-- Key: software. Cost: by the trigrams of the three columns; two letters read the table (60,000 products) once.
WITH named AS (
    SELECT id, key, name, vendor
    FROM inventory_software
    WHERE name ILIKE %(inside)s OR vendor ILIKE %(inside)s OR key ILIKE %(inside)s
), here AS (
    SELECT n.id, n.key, n.name, n.vendor, sum(s.installed)::int AS installed, sum(s.exposed)::int AS exposed
    FROM named n
    JOIN inventory_softwarestat s ON s.software_id = n.id AND s.group_id = ANY(%(groups)s)
    GROUP BY n.id, n.key, n.name, n.vendor
    HAVING sum(s.installed) > 0
)
SELECT key, name, vendor, installed, exposed,
       %(exact)s IN (lower(name), lower(key)) AS exact,
       count(*) OVER () AS total
FROM here
ORDER BY %(exact)s IN (lower(name), lower(key)) DESC,
         (lower(name) LIKE %(prefix)s OR lower(name) LIKE '%% ' || %(prefix)s) DESC,
         name ILIKE %(inside)s DESC, installed DESC, key
LIMIT %(limit)s
