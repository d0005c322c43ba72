-- Software of some groups with installed and exposed machines, the sum of its recommendations' impact (score points)
-- and its strongest threat. Key: software. Cost: software x groups rows of software_stat, recommendations x groups of
-- recommendation_stat; nothing grows with machines.
WITH stat AS (
    SELECT software_id, sum(installed)::int AS installed, sum(exposed)::int AS exposed
    FROM inventory_softwarestat
    WHERE group_id = ANY(%(groups)s)
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
), listed AS (
    SELECT w.id, w.key, w.name, w.vendor, w.ecosystem, w.support, w.weakness_count, w.version_count,
           stat.installed, stat.exposed,
           coalesce(fix.impact, 0) * %(scale)s AS impact,
           coalesce(fix.exploit, 0) AS exploit,
           coalesce(fix.exploited, false) AS exploited,
           coalesce(fix.alert, false) AS alert,
           coalesce(fix.zero_day, false) AS zero_day
    FROM stat
    JOIN inventory_software w ON w.id = stat.software_id
    LEFT JOIN fix ON fix.software_id = w.id
    WHERE (%(text)s = '' OR w.name ILIKE %(pattern)s OR w.vendor ILIKE %(pattern)s OR w.key ILIKE %(pattern)s)
      AND (%(ecosystems)s::text[] IS NULL OR w.ecosystem = ANY(%(ecosystems)s::text[]))
      AND (NOT %(weak)s OR w.weakness_count > 0)
      AND (%(support)s::int[] IS NULL OR w.support = ANY(%(support)s::int[]))
)
SELECT *, count(*) OVER () AS total
FROM listed
ORDER BY
    CASE WHEN %(sort)s = 'name' THEN lower(name) END,
    CASE WHEN %(sort)s = '-name' THEN lower(name) END DESC,
    CASE WHEN %(sort)s = 'vendor' THEN lower(vendor) END,
    CASE WHEN %(sort)s = '-vendor' THEN lower(vendor) END DESC,
    CASE %(sort)s WHEN 'weaknesses' THEN weakness_count WHEN 'exposed' THEN exposed WHEN 'installed' THEN installed END,
    CASE %(sort)s WHEN '-weaknesses' THEN weakness_count WHEN '-exposed' THEN exposed WHEN '-installed' THEN installed END DESC,
    CASE WHEN %(sort)s = 'impact' THEN impact END,
    CASE WHEN %(sort)s = '-impact' THEN impact END DESC,
    exposed DESC, installed DESC, id
LIMIT %(limit)s OFFSET %(offset)s
