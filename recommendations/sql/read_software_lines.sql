-- Release lines of a software that machines of some groups are on, and the day their support ends (`ended`: it is over, the
-- day is not known). Key: cycle. A version belongs to the line that apply_support_cycles finds for it: the longest it starts
-- with; of several such lines (editions) the one supported longest. Cost: installed versions of one software x its lines.
WITH named AS (
    SELECT p.key
    FROM weaknesses_softwareproduct link JOIN weaknesses_product p ON p.id = link.product_id
    WHERE link.software_id = %(software)s AND link.confidence > 0
    UNION
    SELECT unnest(a.product_keys)
    FROM inventory_softwarealias a JOIN inventory_software s ON s.key = a.key
    WHERE s.id = %(software)s
    UNION
    SELECT CASE WHEN ecosystem = 'os' THEN 'cpe:o:' ELSE 'cpe:a:' END || replace(key, '-_-', ':')
    FROM inventory_software
    WHERE id = %(software)s AND ecosystem IN ('cpe', 'os', 'other')
), line AS (
    SELECT c.cycle, c.released_on, c.ended, c.ends_on, c.latest
    FROM weaknesses_supportcycle c
    WHERE c.product_keys && ARRAY(SELECT key::varchar FROM named)
       OR c.slug IN (
        SELECT os.slug FROM unnest(%(os_software)s::text[], %(os_slugs)s::text[]) AS os (key, slug)
        JOIN inventory_software s ON s.key = os.key AND s.id = %(software)s)
), carried AS (
    SELECT v.id, v.version, sum(t.installed) AS machines
    FROM inventory_version v
    JOIN inventory_versionstat t ON t.version_id = v.id AND t.group_id = ANY(%(groups)s) AND t.installed > 0
    JOIN inventory_software s ON s.id = v.software_id AND s.ecosystem NOT IN ('deb', 'rpm', 'apk')
    WHERE v.software_id = %(software)s
    GROUP BY v.id
), found AS (
    SELECT DISTINCT ON (c.id) c.id, c.machines, l.*
    FROM carried c
    JOIN line l ON c.version = l.cycle OR starts_with(c.version, l.cycle || '.')
    ORDER BY c.id, length(l.cycle) DESC, coalesce(l.ends_on, CASE WHEN l.ended THEN '1900-01-01'::date END) DESC NULLS FIRST
)
SELECT cycle, released_on, ended, ends_on, latest, count(*)::int AS versions, sum(machines)::int AS machines
FROM found
GROUP BY cycle, released_on, ended, ends_on, latest
ORDER BY coalesce(ends_on, CASE WHEN ended THEN '1900-01-01'::date ELSE 'infinity'::date END), cycle
