-- Software of some groups with installed and exposed machines, the sum of its recommendations' impact (score points),
-- its strongest threat, and whether vulnerability data can know it (`known`): by a product code, or by its package name.
-- Key: software. Cost: software x groups rows of software_stat, recommendations x groups of recommendation_stat, and the
-- versions of the rows shown; nothing grows with machines. Where software with weaknesses alone is asked for, no other is added up.
WITH stat AS (
    SELECT software_id, sum(installed)::int AS installed, sum(exposed)::int AS exposed
    FROM inventory_softwarestat
    WHERE group_id = ANY(%(groups)s)
      AND (%(weak)s::text[] IS DISTINCT FROM '{has}' OR software_id IN (SELECT id FROM inventory_software WHERE weakness_count > 0))
    GROUP BY software_id
    HAVING sum(installed) > 0
), fix AS (
    SELECT r.software_id,
           sum(s.impact) AS impact,
           max(r.exploit) AS exploit,
           bool_or(r.exploited) AS exploited,
           sum(s.alerts) > 0 AS alert,
           bool_or(r.zero_day) AS zero_day
    FROM recommendations_recommendation r
    JOIN recommendations_recommendationstat s ON s.recommendation_id = r.id AND s.group_id = ANY(%(groups)s)
    WHERE r.software_id IS NOT NULL AND s.exposed > 0
    GROUP BY r.software_id
), code AS (
    SELECT link.software_id, array_agg(p.key ORDER BY link.confidence DESC, p.key) AS codes
    FROM weaknesses_softwareproduct link JOIN weaknesses_product p ON p.id = link.product_id
    WHERE link.confidence > 0
    GROUP BY link.software_id
), listed AS (
    SELECT w.id, w.key, w.name, w.vendor, w.ecosystem, w.support, w.weakness_count, w.version_count,
           stat.installed, stat.exposed,
           coalesce(fix.impact, 0) * %(scale)s AS impact,
           coalesce(fix.exploit, 0) AS exploit,
           coalesce(fix.exploited, false) AS exploited,
           coalesce(fix.alert, false) AS alert,
           coalesce(fix.zero_day, false) AS zero_day,
           coalesce(code.codes, '{}') AS codes,
           code.software_id IS NOT NULL OR w.weakness_count > 0 OR NOT w.ecosystem = ANY(%(guessed)s::text[]) AS known
    FROM stat
    JOIN inventory_software w ON w.id = stat.software_id
    LEFT JOIN fix ON fix.software_id = w.id
    LEFT JOIN code ON code.software_id = w.id
    WHERE (%(text)s = '' OR w.name ILIKE %(pattern)s OR w.vendor ILIKE %(pattern)s OR w.key ILIKE %(pattern)s)
      AND (%(ecosystems)s::text[] IS NULL OR w.ecosystem = ANY(%(ecosystems)s::text[]))
      AND (%(platforms)s::text[] IS NULL OR EXISTS (
        SELECT FROM inventory_version v JOIN inventory_versionstat t ON t.version_id = v.id AND t.group_id = ANY(%(groups)s) AND t.installed > 0
        WHERE v.software_id = w.id
          AND CASE v.platform WHEN 'windows' THEN 'windows' WHEN 'macos' THEN 'macos' WHEN '' THEN 'any' ELSE 'linux' END = ANY(%(platforms)s::text[])))
), fits AS (
    SELECT * FROM listed
    WHERE (%(weak)s::text[] IS NULL
        OR CASE WHEN weakness_count > 0 THEN 'has' WHEN known THEN 'none' ELSE 'unavailable' END = ANY(%(weak)s::text[]))
      AND (%(codes)s::text[] IS NULL OR CASE WHEN cardinality(codes) > 0 THEN 'available' ELSE 'missing' END = ANY(%(codes)s::text[]))
      AND (%(threats)s::text[] IS NULL
        OR exploited AND 'exploited' = ANY(%(threats)s::text[]) OR exploit = 3 AND 'kit' = ANY(%(threats)s::text[])
        OR exploit >= 2 AND 'verified' = ANY(%(threats)s::text[]) OR (exploit >= 1 OR exploited) AND 'exploit' = ANY(%(threats)s::text[])
        OR alert AND 'alert' = ANY(%(threats)s::text[]))
      AND (%(tags)s::text[] IS NULL
        OR support = 4 AND 'ended' = ANY(%(tags)s::text[]) OR support = 2 AND 'ended-versions' = ANY(%(tags)s::text[])
        OR support IN (1, 3) AND 'upcoming' = ANY(%(tags)s::text[]) OR zero_day AND 'zero-day' = ANY(%(tags)s::text[])
        OR support = 0 AND NOT zero_day AND 'untagged' = ANY(%(tags)s::text[]))
), page AS (
    SELECT *, count(*) OVER () AS total, row_number() OVER (ORDER BY
        CASE WHEN %(sort)s = 'name' THEN lower(name) END,
        CASE WHEN %(sort)s = '-name' THEN lower(name) END DESC,
        CASE WHEN %(sort)s = 'vendor' THEN lower(vendor) END,
        CASE WHEN %(sort)s = '-vendor' THEN lower(vendor) END DESC,
        CASE %(sort)s WHEN 'weaknesses' THEN weakness_count WHEN 'exposed' THEN exposed WHEN 'installed' THEN installed END,
        CASE %(sort)s WHEN '-weaknesses' THEN weakness_count WHEN '-exposed' THEN exposed WHEN '-installed' THEN installed END DESC,
        CASE WHEN %(sort)s = 'impact' THEN impact END,
        CASE WHEN %(sort)s = '-impact' THEN impact END DESC,
        exposed DESC, installed DESC, id) AS place
    FROM fits
    ORDER BY place
    LIMIT %(limit)s OFFSET %(offset)s
)
SELECT page.*, (
    SELECT coalesce(array_agg(DISTINCT regexp_replace(v.platform, '-[0-9].*$', '')) FILTER (WHERE v.platform <> ''), '{}')
    FROM inventory_version v JOIN inventory_versionstat t ON t.version_id = v.id AND t.group_id = ANY(%(groups)s) AND t.installed > 0
    WHERE v.software_id = page.id) AS platforms
FROM page
ORDER BY place
