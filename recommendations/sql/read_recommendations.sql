-- A page of the list of recommendations that machines of some groups need, with what the whole list says: how many fit,
-- the largest impact, and how many each filter value has. One row at least: where nothing fits, its id is NULL.
-- Key: recommendation. Cost: one pass over the stats of these groups (recommendations x groups); who carries the software is
-- looked up for the rows of the page alone.
WITH need AS MATERIALIZED (
    SELECT s.recommendation_id AS id, sum(s.exposed)::int AS exposed, sum(s.installed)::int AS installed, sum(s.impact) AS impact,
        sum(s.exposed_after)::int AS exposed_after, sum(s.impact_after) AS impact_after, sum(s.alerts)::int AS alerts
    FROM recommendations_recommendationstat s
    WHERE s.group_id = ANY(%(groups)s)
    GROUP BY s.recommendation_id
    HAVING sum(s.exposed) > 0
), base AS MATERIALIZED (
    SELECT n.*, r.key, r.kind, r.status, r.title, r.component, r.category, r.weakness_count, r.exploit, r.exploited, r.zero_day, r.software_id,
        r.status <> 'exception' AS shown, w.support, w.vendor, c.cce, c.user_impact, c.impact AS check_impact,
        cardinality(c.benchmarks) > 0 AS benchmarked, r.families::text[] AS families,
        r.category || ':' || nullif(c.subcategory, '') AS sub
    FROM need n
    JOIN recommendations_recommendation r ON r.id = n.id AND r.present
    LEFT JOIN inventory_software w ON w.id = r.software_id
    LEFT JOIN inventory_configuration c ON c.id = r.configuration_id
), activity AS (
    SELECT y.recommendation_id AS id, count(*)::int AS activities
    FROM remediation_activity y
    WHERE NOT EXISTS (SELECT FROM inventory_machinegroup g WHERE g.id <> ALL(%(groups)s))
       OR EXISTS (SELECT FROM remediation_activitytarget t JOIN inventory_machine m ON m.id = t.machine_id
                  WHERE t.activity_id = y.id AND m.group_id = ANY(%(groups)s))
       OR y.target_count = 0 AND y.group_names && ARRAY(SELECT g.name FROM inventory_machinegroup g WHERE g.id = ANY(%(groups)s))
    GROUP BY y.recommendation_id
), removing AS (
    SELECT DISTINCT s.recommendation_id AS id
    FROM weaknesses_weakness w
    JOIN weaknesses_versionweakness m ON m.weakness_id = w.id
    JOIN recommendations_versionscore s ON s.version_id = m.version_id
    JOIN recommendations_recommendation o ON o.id = s.recommendation_id
    WHERE w.cve = %(cve)s AND (o.kind = 'uninstall' OR (o.kind = 'attention') = (m.fix = 0))
), fit AS MATERIALIZED (
    SELECT b.*, coalesce(a.activities, 0) AS activities
    FROM base b
    LEFT JOIN activity a ON a.id = b.id
    WHERE (%(picks)s::int[] IS NULL OR b.id = ANY(%(picks)s))
      AND (%(cve)s = '' OR b.id IN (SELECT id FROM removing))
      AND (cardinality(%(patterns)s::text[]) = 0 OR concat_ws(' ', b.title, b.component, b.key, b.vendor, b.cce) ILIKE ALL(%(patterns)s))
      AND (%(status)s::text[] IS NULL OR b.status = ANY(%(status)s))
      AND (%(kind)s::text[] IS NULL OR b.kind = ANY(%(kind)s))
      AND (%(category)s::text[] IS NULL AND %(sub)s::text[] IS NULL OR b.category = ANY(%(category)s) OR b.sub = ANY(%(sub)s))
      AND (%(platform)s::text[] IS NULL OR b.families && %(platform)s)
      AND (%(threat)s::text[] IS NULL OR b.alerts > 0 AND 'alert' = ANY(%(threat)s) OR b.exploited AND 'exploited' = ANY(%(threat)s)
        OR (ARRAY['', 'public', 'verified', 'kit'])[b.exploit + 1] = ANY(%(threat)s))
      AND (%(tag)s::text[] IS NULL OR b.zero_day AND 'zero-day' = ANY(%(tag)s) OR b.user_impact <> '' AND 'user-impact' = ANY(%(tag)s)
        OR (ARRAY['', 'upcoming-eos-versions', 'eos-versions', 'upcoming-eos-software', 'eos-software'])[b.support + 1] = ANY(%(tag)s))
), whole AS (
    SELECT count(*)::int AS total, coalesce(max(impact), 0) AS largest FROM fit
), counts AS (
    SELECT
        jsonb_build_object(
            'status', jsonb_build_object(
                'active', count(*) FILTER (WHERE status = 'active'), 'partial', count(*) FILTER (WHERE status = 'partial'),
                'exception', count(*) FILTER (WHERE status = 'exception')),
            'kind', jsonb_build_object(
                'update', count(*) FILTER (WHERE shown AND kind = 'update'), 'upgrade', count(*) FILTER (WHERE shown AND kind = 'upgrade'),
                'uninstall', count(*) FILTER (WHERE shown AND kind = 'uninstall'),
                'configuration', count(*) FILTER (WHERE shown AND kind = 'configuration'),
                'attention', count(*) FILTER (WHERE shown AND kind = 'attention')),
            'threat', jsonb_build_object(
                'alert', count(*) FILTER (WHERE shown AND alerts > 0), 'exploited', count(*) FILTER (WHERE shown AND exploited),
                'kit', count(*) FILTER (WHERE shown AND exploit = 3), 'verified', count(*) FILTER (WHERE shown AND exploit = 2),
                'public', count(*) FILTER (WHERE shown AND exploit = 1)),
            'category', jsonb_build_object(
                'application', count(*) FILTER (WHERE shown AND category = 'application'), 'os', count(*) FILTER (WHERE shown AND category = 'os'),
                'network', count(*) FILTER (WHERE shown AND category = 'network'),
                'accounts', count(*) FILTER (WHERE shown AND category = 'accounts'),
                'controls', count(*) FILTER (WHERE shown AND category = 'controls')),
            'sub', (SELECT coalesce(jsonb_object_agg(n.sub, n.found), '{}') FROM (
                SELECT sub, count(*) AS found FROM base WHERE shown AND sub IS NOT NULL GROUP BY sub) n),
            'platform', jsonb_build_object(
                'windows', count(*) FILTER (WHERE shown AND 'windows' = ANY(families)),
                'macos', count(*) FILTER (WHERE shown AND 'macos' = ANY(families)),
                'linux', count(*) FILTER (WHERE shown AND 'linux' = ANY(families)), 'any', count(*) FILTER (WHERE shown AND 'any' = ANY(families))),
            'tag', jsonb_build_object(
                'zero-day', count(*) FILTER (WHERE shown AND zero_day), 'eos-software', count(*) FILTER (WHERE shown AND support = 4),
                'eos-versions', count(*) FILTER (WHERE shown AND support = 2),
                'upcoming-eos-software', count(*) FILTER (WHERE shown AND support = 3),
                'upcoming-eos-versions', count(*) FILTER (WHERE shown AND support = 1),
                'user-impact', count(*) FILTER (WHERE shown AND user_impact <> '')),
            'view', jsonb_build_object(
                'all', count(*) FILTER (WHERE shown), 'threats', count(*) FILTER (WHERE shown AND (alerts > 0 OR exploited)),
                'eos', count(*) FILTER (WHERE shown AND support IN (2, 4)))) AS counts
    FROM base
), page AS (
    SELECT f.*
    FROM fit f
    ORDER BY
        %(sign)s * CASE %(by)s
            WHEN 'impact' THEN f.impact WHEN 'exposed' THEN f.exposed WHEN 'weaknesses' THEN f.weakness_count WHEN 'activities' THEN f.activities
            WHEN 'threats' THEN 1000 * f.exploited::int + 100 * (f.alerts > 0)::int + f.exploit
            WHEN 'exposed_after' THEN f.exposed_after WHEN 'impact_after' THEN f.impact_after ELSE 0 END,
        CASE WHEN %(sign)s > 0 THEN CASE %(by)s
            WHEN 'name' THEN lower(f.title) WHEN 'component' THEN lower(f.component) WHEN 'status' THEN f.status WHEN 'kind' THEN f.kind END END,
        CASE WHEN %(sign)s < 0 THEN CASE %(by)s
            WHEN 'name' THEN lower(f.title) WHEN 'component' THEN lower(f.component) WHEN 'status' THEN f.status WHEN 'kind' THEN f.kind END END DESC,
        f.impact DESC, f.id
    LIMIT %(limit)s OFFSET %(offset)s
)
SELECT t.total, t.largest, k.counts, p.id, p.key, p.kind, p.status, p.title, p.component, p.category, p.weakness_count, p.exploit, p.exploited,
       p.zero_day, p.support, p.check_impact, p.user_impact, p.benchmarked, p.alerts, p.exposed, p.exposed_after, p.impact, p.impact_after,
       p.activities, coalesce(x.installed, p.installed) AS installed
FROM whole t
CROSS JOIN counts k
LEFT JOIN page p ON true
LEFT JOIN LATERAL (
    SELECT sum(s.installed)::int AS installed
    FROM inventory_softwarestat s
    WHERE s.software_id = p.software_id AND s.group_id = ANY(%(groups)s)
) x ON true
