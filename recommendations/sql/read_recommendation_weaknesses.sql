-- Weaknesses that a recommendation removes from versions on the fleet, in the order asked for. Key: weakness. With each
-- row come the totals, and `named`: those of all of them that a group, campaign, malware or tool is known to use.
-- Which recommendation a match belongs to is decided as in match_pairs.sql; the release lines are looked at only where a
-- software has both an update and an upgrade. Cost: matches of the versions of one recommendation, and once the
-- support cycles.
WITH self AS (
    SELECT r.id, r.kind, r.software_id, s.ecosystem, c.no_fix_counts,
        (SELECT max(finished_at)::date FROM recommendations_run) AS today,
        EXISTS (SELECT FROM recommendations_recommendation o
                 WHERE o.software_id = r.software_id AND o.id <> r.id AND o.present
                   AND o.kind IN ('update', 'upgrade') AND r.kind IN ('update', 'upgrade')) AS split
    FROM recommendations_recommendation r
    JOIN inventory_software s ON s.id = r.software_id
    LEFT JOIN recommendations_scoringsettings c ON c.id = 1
    WHERE r.id = %(recommendation)s
), cycle AS (
    SELECT DISTINCT c.cycle, c.ends_on - c.released_on AS days
    FROM self
    JOIN weaknesses_softwareproduct l ON l.software_id = self.software_id
    JOIN weaknesses_product p ON p.id = l.product_id
    JOIN weaknesses_supportcycle c ON p.key = ANY(c.product_keys)
    WHERE self.split
), line AS (
    SELECT cycle FROM cycle WHERE NOT coalesce((SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY days) < 183 FROM cycle), false)
), pair AS (
    SELECT m.weakness_id, m.fixed, m.fix, self.split, self.kind,
        self.split AND (
            coalesce(v.support_ends_on < self.today AND (EXISTS (SELECT FROM line) OR NOT EXISTS (SELECT FROM cycle)), false)
            OR coalesce(
                (SELECT max(cycle COLLATE "C") FROM line WHERE v.version = cycle OR starts_with(v.version, cycle || '.'))
                <> (SELECT max(cycle COLLATE "C") FROM line WHERE m.fixed = cycle OR starts_with(m.fixed, cycle || '.')), false)
            OR coalesce(self.ecosystem IN ('pypi', 'npm', 'maven', 'composer', 'golang', 'gem', 'nuget', 'cargo')
                AND substring(v.version from '^[vV]?(\d+)') <> substring(m.fixed from '^[vV]?(\d+)'), false)) AS other_line
    FROM self
    JOIN recommendations_versionscore s ON s.recommendation_id = self.id
    JOIN inventory_version v ON v.id = s.version_id
    JOIN weaknesses_versionweakness m ON m.version_id = s.version_id
    WHERE (self.kind = 'uninstall' OR (self.kind = 'attention') = (m.fix = 0))
      AND EXISTS (SELECT FROM inventory_versionstat x WHERE x.version_id = s.version_id)
), chosen AS (
    SELECT weakness_id, coalesce(min(nullif(fixed, '')), '') AS fixed
    FROM pair
    WHERE NOT split OR other_line = (kind = 'upgrade')
    GROUP BY weakness_id
)
SELECT w.cve, w.title, w.severity, w.cvss, w.epss, w.exploit, w.exploited, w.published_at, c.fixed, a.alert,
       count(*) OVER () AS total, count(*) FILTER (WHERE w.exploited) OVER () AS total_exploited,
       array_agg(w.cve) FILTER (WHERE i.named) OVER () AS named
FROM chosen c
JOIN weaknesses_weakness w ON w.id = c.weakness_id
CROSS JOIN self
CROSS JOIN LATERAL (SELECT EXISTS (SELECT FROM inventory_alert t WHERE t.cve = w.cve AND t.closed_at IS NULL) AS alert) a
CROSS JOIN LATERAL (SELECT EXISTS (SELECT FROM weaknesses_threatinsight t WHERE t.cve = w.cve AND t.kind <> 'technique') AS named) i
WHERE NOT w.rejected
  AND (self.kind <> 'attention' OR self.no_fix_counts = 'always' OR w.exploited OR a.alert OR w.exploit > 0)
  AND (%(text)s = '' OR w.cve ILIKE %(pattern)s OR w.title ILIKE %(pattern)s)
ORDER BY
    %(sign)s * CASE %(by)s
        WHEN 'severity' THEN w.severity WHEN 'cvss' THEN coalesce(w.cvss, -1) WHEN 'epss' THEN w.epss
        WHEN 'published' THEN coalesce(extract(epoch FROM w.published_at), 0)::float8
        WHEN 'threat' THEN 1000 * w.exploited::int + 100 * w.severity + 10 * w.exploit + w.epss ELSE 0 END,
    CASE WHEN %(by)s = 'name' AND %(sign)s > 0 THEN w.cve END, CASE WHEN %(by)s = 'name' AND %(sign)s < 0 THEN w.cve END DESC,
    w.exploited DESC, w.severity DESC, w.exploit DESC, w.epss DESC, w.cvss DESC NULLS LAST, w.cve DESC
LIMIT %(limit)s OFFSET %(offset)s
