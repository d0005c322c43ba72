-- Works out from the release lines when the support of each version ends, and what that says about its software.
-- Keyed by software, then version. A software is a line's product by its links, its alias, its own name, or (distributions)
-- by the table of rules. A version belongs to the longest line it starts with; of several such lines (editions) the
-- one supported longest counts. Packages of a distribution are supported by the distribution, whatever upstream says.
DROP TABLE IF EXISTS support_line
-- ;;
CREATE TEMP TABLE support_line ON COMMIT DROP AS
WITH named AS (
    SELECT s.id, p.key
    FROM inventory_software s
    JOIN weaknesses_softwareproduct link ON link.software_id = s.id AND link.confidence > 0
    JOIN weaknesses_product p ON p.id = link.product_id
    WHERE s.ecosystem NOT IN ('deb', 'rpm', 'apk')
    UNION
    SELECT s.id, unnest(a.product_keys)
    FROM inventory_software s
    JOIN inventory_softwarealias a ON a.key = s.key
    WHERE s.ecosystem NOT IN ('deb', 'rpm', 'apk')
    UNION
    SELECT id, CASE WHEN ecosystem = 'os' THEN 'cpe:o:' ELSE 'cpe:a:' END || replace(key, '-_-', ':')
    FROM inventory_software
    WHERE ecosystem IN ('cpe', 'os', 'other')
), line AS (
    SELECT id, slug, cycle, latest, unnest(product_keys) AS key, coalesce(ends_on, CASE WHEN ended THEN %(long_ago)s::date END) AS ends
    FROM weaknesses_supportcycle
)
SELECT named.id AS software_id, line.cycle AS prefix, line.ends
FROM named
JOIN line ON line.key = named.key
UNION
SELECT s.id, c.cycle, coalesce(c.ends_on, CASE WHEN c.ended THEN %(long_ago)s::date END)
FROM unnest(%(os_software)s::text[], %(os_slugs)s::text[]) AS os (key, slug)
JOIN inventory_software s ON s.key = os.key
JOIN weaknesses_supportcycle c ON c.slug = os.slug
-- ;;
ANALYZE support_line
-- ;;
WITH found AS (
    SELECT DISTINCT ON (v.id) v.id, l.ends
    FROM inventory_version v
    JOIN support_line l ON l.software_id = v.software_id AND (v.version = l.prefix OR starts_with(v.version, l.prefix || '.'))
    ORDER BY v.id, length(l.prefix) DESC, l.ends DESC NULLS FIRST
)
UPDATE inventory_version v
SET support_ends_on = found.ends
FROM inventory_version old
LEFT JOIN found ON found.id = old.id
WHERE v.id = old.id AND v.support_ends_on IS DISTINCT FROM found.ends
-- ;;
WITH line AS (
    SELECT software_id,
        bool_and(coalesce(ends < %(today)s, false)) AS ended,
        bool_and(coalesce(ends <= %(soon)s, false)) AS ending,
        max(ends) AS last
    FROM support_line
    GROUP BY software_id
), installed AS (
    SELECT v.software_id,
        max(v.support_ends_on) FILTER (WHERE v.support_ends_on < %(today)s) AS ended,
        min(v.support_ends_on) FILTER (WHERE v.support_ends_on >= %(today)s AND v.support_ends_on <= %(soon)s) AS ending
    FROM inventory_version v
    WHERE v.support_ends_on <= %(soon)s AND EXISTS (SELECT 1 FROM inventory_installation i WHERE i.version_id = v.id)
    GROUP BY v.software_id
), state AS (
    SELECT s.id,
        CASE WHEN line.ended THEN 4 WHEN line.ending THEN 3 WHEN installed.ended IS NOT NULL THEN 2 WHEN installed.ending IS NOT NULL THEN 1 ELSE 0 END AS support,
        CASE WHEN line.ended OR line.ending THEN line.last ELSE coalesce(installed.ended, installed.ending) END AS ends
    FROM inventory_software s
    LEFT JOIN line ON line.software_id = s.id
    LEFT JOIN installed ON installed.software_id = s.id
)
UPDATE inventory_software s
SET support = state.support, support_ends_on = state.ends
FROM state
WHERE state.id = s.id AND (s.support, s.support_ends_on) IS DISTINCT FROM (state.support, state.ends)
