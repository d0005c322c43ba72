-- The fixes and last affected versions that CPE ranges state for packages, with the package's own scheme.
SELECT DISTINCT p.scheme, bound.version
FROM candidate c
JOIN probe p ON p.id = c.probe_id AND NOT p.upstream
CROSS JOIN LATERAL (VALUES (c.fixed), (c.last)) AS bound (version)
WHERE c.upstream AND bound.version <> ''
