-- Weaknesses that a recommendation removes, the most threatening first. Attention is for matches without a fix, the others
-- for matches with one; uninstalling removes both. Key: weakness. Cost: matches of the versions of one recommendation.
SELECT w.cve, w.title, w.severity, w.cvss, w.epss, w.exploit, w.exploited, w.published_at, coalesce(min(nullif(m.fixed, '')), '') AS fixed,
       EXISTS (SELECT FROM inventory_alert a WHERE a.cve = w.cve AND a.closed_at IS NULL) AS alert,
       count(*) OVER () AS total, count(*) FILTER (WHERE w.exploited) OVER () AS total_exploited
FROM recommendations_versionscore s
JOIN recommendations_recommendation r ON r.id = s.recommendation_id
JOIN weaknesses_versionweakness m ON m.version_id = s.version_id
JOIN weaknesses_weakness w ON w.id = m.weakness_id
WHERE s.recommendation_id = %(recommendation)s AND (r.kind = 'uninstall' OR (r.kind = 'attention') = (m.fix = 0))
  AND (%(text)s = '' OR w.cve ILIKE %(pattern)s OR w.title ILIKE %(pattern)s)
GROUP BY w.id
ORDER BY w.exploited DESC, w.severity DESC, w.exploit DESC, w.epss DESC, w.cvss DESC NULLS LAST, w.cve DESC
LIMIT %(limit)s OFFSET %(offset)s
