-- Updates that one machine lacks in its operating system, newest first, and whether its patch level is known at all.
-- A version without a revision (10.0.22631) gets its patch level from the newest of the updates the machine reports as
-- installed. Key: KB. Cost: updates of one release.
WITH carried AS (
    SELECT v.software_id, v.version, v.sort_key, split_part(v.version, '.', 3) AS build, coalesce(e.evidence, '{}') AS patches
    FROM inventory_installation i
    JOIN inventory_version v ON v.id = i.version_id
    JOIN inventory_software s ON s.id = v.software_id AND s.ecosystem = 'os'
    LEFT JOIN inventory_installationevidence e ON e.machine_id = i.machine_id AND e.version_id = i.version_id
    WHERE i.machine_id = %(machine)s
), offered AS (
    SELECT u.*, c.version, c.sort_key, 'KB' || u.kb = ANY(c.patches) AS is_installed
    FROM carried c
    JOIN weaknesses_softwareproduct l ON l.software_id = c.software_id AND l.confidence > 0
    JOIN weaknesses_securityupdate u ON u.product_id = l.product_id AND split_part(u.fixed, '.', 3) = c.build
), level AS (
    SELECT CASE WHEN bool_or(version ~ '^[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+$') THEN max(sort_key)
        ELSE max(fixed_key) FILTER (WHERE is_installed) END AS reached
    FROM offered
)
SELECT o.kb, o.title, o.fixed, o.released_on, o.url, o.supersedes, cardinality(o.cves) AS weaknesses, o.fixed_key = max(o.fixed_key) OVER () AS is_latest
FROM offered o, level
WHERE o.fixed_key > level.reached AND NOT o.is_installed
ORDER BY o.released_on DESC NULLS LAST, o.fixed_key DESC, o.kb
