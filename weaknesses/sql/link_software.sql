-- Which products of vulnerability data a software is: by the alias table, by its package name, by the names of the
-- binary packages that it installs under its own version (98 %%: a machine may have only some of them), or, reported
-- under a binary package's name, by the source that other reports (95 %%) or a table of well-known packages (93 %%) say it
-- is from; by Windows release; or, where nothing else is known, by a CPE of the same vendor and product. Keyed by software and product.
-- Versions are only compared in one order, so a link needs the product's scheme to be the software's; an alias may lead
-- from a package to a CPE and back, and the versions are then put in that order too (weaknesses/upstream.py).
-- Parameters: software_ids or product_ids limit the work; NULL: all. A curator's links stay as they are.
-- Links that changed send the software's versions back to be matched.
-- Cost for 50,000 software and 300,000 products: 2 to 3 s for all of it; for the 5,000 products of a feed's batch 0.2 to 1.5 s, of which
-- most is the software whose names are compared with CPE names.
DROP TABLE IF EXISTS chosen_software, named_software, kept_link
-- ;;
-- Of the software that the products' schemes can be: a batch of a feed, which links its products, is mostly of one scheme.
CREATE TEMP TABLE chosen_software ON COMMIT DROP AS
WITH asked AS (
    SELECT DISTINCT split_part(key, ':', 1) AS scheme FROM weaknesses_product WHERE id = ANY(%(product_ids)s::integer[])
), spelled AS (
    SELECT id, key, ecosystem, split_part(key, '-_-', 1) AS vendor, substr(key, strpos(key, '-_-') + 3) AS name,
        CASE WHEN ecosystem = ANY(%(package_ecosystems)s) THEN ecosystem ELSE 'cpe' END AS scheme
    FROM inventory_software
    WHERE strpos(key, '-_-') > 0 AND (%(software_ids)s::integer[] IS NULL OR id = ANY(%(software_ids)s))
)
SELECT s.id, s.key, s.ecosystem, s.vendor, s.name, s.scheme
FROM spelled s
WHERE %(product_ids)s::integer[] IS NULL
    OR s.scheme IN (SELECT CASE asked.scheme WHEN 'other' THEN 'cpe' ELSE asked.scheme END FROM asked)
    OR (EXISTS (SELECT 1 FROM asked WHERE asked.scheme IN ('cpe', 'pypi'))  -- which an alias may lead to from elsewhere
        AND (s.ecosystem = 'cpe' OR s.key IN (SELECT a.key FROM inventory_softwarealias a)))
-- ;;
ANALYZE chosen_software
-- ;;
CREATE TEMP TABLE named_software ON COMMIT DROP AS
SELECT s.id AS software_id, s.scheme, unnest(a.product_keys) AS key, 'alias' AS origin, 100 AS confidence
FROM chosen_software s
JOIN inventory_softwarealias a ON a.key = s.key
UNION ALL
SELECT id, scheme, ecosystem || ':' || CASE
    WHEN ecosystem IN ('deb', 'rpm', 'apk') THEN vendor || ':' || name
    WHEN ecosystem = 'maven' THEN replace(name, '~', ':')
    ELSE replace(name, '~', '/') END, 'package', 100
FROM chosen_software
WHERE scheme <> 'cpe'
UNION ALL
-- Debian's own data names source packages only, and some binary packages have the name of another source.
SELECT s.id, s.scheme, s.ecosystem || ':' || s.vendor || ':' || lower(package.name), 'package', 98
FROM chosen_software s
JOIN inventory_softwarepackage package ON package.software_id = s.id
WHERE s.ecosystem IN ('deb', 'rpm', 'apk') AND s.vendor <> 'debian'
UNION ALL
SELECT s.id, s.scheme, s.ecosystem || ':' || s.vendor || ':' || substr(source.key, strpos(source.key, '-_-') + 3), 'package', 95
FROM chosen_software s
JOIN inventory_softwarepackage package ON lower(package.name) = s.name
JOIN inventory_software source ON source.id = package.software_id AND source.ecosystem = s.ecosystem
    AND split_part(source.key, '-_-', 1) = s.vendor AND source.id <> s.id
WHERE s.ecosystem IN ('deb', 'rpm', 'apk')
    AND NOT EXISTS (SELECT 1 FROM inventory_softwarepackage own WHERE own.software_id = s.id AND lower(own.name) <> s.name)
UNION ALL
SELECT s.id, s.scheme, s.ecosystem || ':' || s.vendor || ':'
    || replace(known.source, '#', coalesce((regexp_match(s.name, '[0-9]+(?:\.[0-9]+)*'))[1], '')), 'package', 93
FROM chosen_software s
JOIN unnest(%(known_ecosystems)s::text[], %(known_packages)s::text[], %(known_sources)s::text[]) AS known (ecosystem, package, source)
    ON known.ecosystem = s.ecosystem AND known.package = regexp_replace(s.name, '[0-9]+', '*', 'g')
WHERE s.vendor IN ('debian', 'alpine')  -- whose data names sources; Ubuntu's names binaries, and the same binary is from another source there
    AND NOT EXISTS (SELECT 1 FROM inventory_softwarepackage own WHERE own.software_id = s.id AND lower(own.name) <> s.name)
UNION ALL
-- CentOS Linux is Red Hat's packages built again, version by version, and has no advisories of its own.
SELECT s.id, s.scheme, 'rpm:rhel:' || s.name, 'package', 95
FROM chosen_software s
WHERE s.ecosystem = 'rpm' AND s.vendor = 'centos'
UNION ALL
-- Registries that have no ecosystem of their own here: Hex, Pub, CocoaPods, Conan.
SELECT s.id, s.scheme, 'other:' || s.vendor || ':' || replace(s.name, '~', '/'), 'package', 100
FROM chosen_software s
WHERE s.ecosystem = 'other'
UNION ALL
SELECT s.id, s.scheme, 'cpe:o:microsoft:' || release, 'package', 100
FROM chosen_software s
JOIN unnest(%(windows_releases)s::text[]) AS release
    ON release = s.name OR (s.name IN ('windows_10', 'windows_11') AND release LIKE replace(s.name, '_', '\_') || '\_%%')
WHERE s.vendor = 'microsoft' AND s.ecosystem = 'os'
UNION ALL
SELECT s.id, s.scheme, 'cpe:o:apple:' || product, 'package', 100
FROM chosen_software s, unnest(ARRAY['macos', 'mac_os_x']) AS product
WHERE s.key = 'apple-_-macos'
UNION ALL
-- A CPE of a Python package ("~python", or of Python's own publishers) is the package that an alias calls by that CPE.
SELECT s.id, s.scheme, 'pypi:' || substr(a.key, strpos(a.key, '-_-') + 3), 'alias', 95
FROM chosen_software s
JOIN inventory_softwarealias a ON starts_with(a.key, 'pypi-_-') AND 'cpe:a:' || s.vendor || ':' || split_part(s.name, '~', 1) = ANY(a.product_keys)
WHERE s.ecosystem = 'cpe' AND (s.name LIKE '%%~python' OR s.vendor IN ('python', 'pypa'))
UNION ALL
SELECT s.id, s.scheme, 'cpe:a:' || guess.vendor || ':' || guess.name, 'cpe', guess.confidence
FROM chosen_software s
-- A CPE's target ("product~firefox") is no part of its product. Publishers are written out where NVD abbreviates them
-- (palo_alto_networks, dell_technologies) and repeated in their products' names (dell_display_manager): both must fit.
CROSS JOIN LATERAL (
    VALUES (s.vendor, s.name, 80),
        (s.vendor, replace(s.name, '~', '/'), 80),
        (s.vendor, split_part(s.name, '~', 1), 80),
        (replace(s.vendor, '_', ''), s.name, 75),
        (replace(s.vendor, '_', '-'), s.name, 75),
        (split_part(s.vendor, '_', 1), s.name, 70),
        (split_part(s.vendor, '_', 1), regexp_replace(s.name, '^' || regexp_replace(split_part(s.vendor, '_', 1), '\W', '.', 'g') || '_', ''), 70)
) AS guess (vendor, name, confidence)
WHERE s.scheme = 'cpe' AND s.ecosystem NOT IN ('os', 'other') AND s.vendor <> 'unknown'
    AND NOT EXISTS (SELECT 1 FROM inventory_softwarealias a WHERE a.key = s.key)
-- ;;
ANALYZE named_software
-- ;;
CREATE TEMP TABLE kept_link ON COMMIT DROP AS
SELECT DISTINCT ON (named.software_id, product.id) named.software_id, product.id AS product_id, named.origin, named.confidence
FROM named_software named
JOIN weaknesses_product product ON product.key = named.key
WHERE (split_part(product.key, ':', 1) = named.scheme OR (named.scheme = 'cpe' AND product.key LIKE 'other:%%')
        OR (named.origin = 'alias' AND split_part(product.key, ':', 1) IN ('cpe', 'pypi')))
    AND (%(product_ids)s::integer[] IS NULL OR product.id = ANY(%(product_ids)s))
ORDER BY named.software_id, product.id, named.confidence DESC, named.origin
-- ;;
ANALYZE kept_link
-- ;;
WITH gone AS (
    DELETE FROM weaknesses_softwareproduct old
    WHERE old.origin <> 'curator'
        AND (%(software_ids)s::integer[] IS NULL OR old.software_id = ANY(%(software_ids)s))
        AND (%(product_ids)s::integer[] IS NULL OR old.product_id = ANY(%(product_ids)s))
        AND NOT EXISTS (SELECT 1 FROM kept_link k WHERE k.software_id = old.software_id AND k.product_id = old.product_id)
    RETURNING old.software_id
), merged AS (
    INSERT INTO weaknesses_softwareproduct AS link (software_id, product_id, origin, confidence)
    SELECT software_id, product_id, origin, confidence FROM kept_link
    ON CONFLICT (software_id, product_id) DO UPDATE SET origin = excluded.origin, confidence = excluded.confidence
    WHERE link.origin <> 'curator' AND (link.origin, link.confidence) IS DISTINCT FROM (excluded.origin, excluded.confidence)
    RETURNING link.software_id
)
UPDATE inventory_version v
SET matched_at = NULL
FROM (SELECT software_id FROM gone UNION SELECT software_id FROM merged) touched
WHERE v.software_id = touched.software_id AND v.matched_at IS NOT NULL
