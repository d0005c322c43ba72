-- Updates that machines of some groups lack in one software, newest first. Key: (product, KB).
-- Cost: updates of the software's products (some hundred a release) x its installed versions of the same build.
-- Updates are cumulative, so a version lacks every update that brings its build to a higher revision.
WITH carried AS (
    SELECT v.id, v.sort_key, split_part(v.version, '.', 3) AS build, t.installed
    FROM inventory_version v
    JOIN (
        SELECT s.version_id, sum(s.installed)::int AS installed
        FROM inventory_versionstat s
        JOIN inventory_version o ON o.id = s.version_id
        WHERE o.software_id = %(software)s AND s.group_id = ANY(%(groups)s)
        GROUP BY s.version_id
        HAVING sum(s.installed) > 0
    ) t ON t.version_id = v.id
    WHERE v.version ~ '^[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+$'
)
SELECT u.kb, p.key AS product, u.title, u.fixed, u.released_on, u.url, u.supersedes, cardinality(u.cves) AS weaknesses,
    sum(c.installed)::int AS machines, bool_and(newer.none) AS is_latest, count(*) OVER () AS total
FROM weaknesses_softwareproduct l
JOIN weaknesses_securityupdate u ON u.product_id = l.product_id
JOIN weaknesses_product p ON p.id = u.product_id
JOIN carried c ON c.sort_key < u.fixed_key AND c.build = split_part(u.fixed, '.', 3)
CROSS JOIN LATERAL (
    SELECT NOT EXISTS (SELECT FROM weaknesses_securityupdate o WHERE o.product_id = u.product_id AND o.fixed_key > u.fixed_key) AS none
) newer
WHERE l.software_id = %(software)s AND l.confidence > 0
GROUP BY u.id, p.key
ORDER BY u.released_on DESC NULLS LAST, u.fixed_key DESC, p.key, u.kb
LIMIT %(limit)s OFFSET %(offset)s
