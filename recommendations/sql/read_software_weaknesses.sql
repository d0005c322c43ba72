-- Weaknesses of the versions of a software (or of one version) that machines of some groups carry. Key: weakness.
-- `installed` adds machines over versions: a machine with two affected versions counts twice.
-- Cost: matches of one software's versions (hundreds to thousands).
SELECT w.id, w.cve, w.title, w.severity, w.cvss, w.epss, w.exploit, w.exploited, w.published_at,
       sum(t.installed)::int AS installed, bool_or(m.fix = 0) AS unfixed, count(*) OVER () AS total
FROM (
    SELECT s.version_id, sum(s.installed) AS installed
    FROM inventory_versionstat s
    JOIN inventory_version v ON v.id = s.version_id
    WHERE v.software_id = %(software)s AND s.group_id = ANY(%(groups)s) AND (%(version)s::int IS NULL OR v.id = %(version)s::int)
    GROUP BY s.version_id
    HAVING sum(s.installed) > 0
) t
JOIN weaknesses_versionweakness m ON m.version_id = t.version_id
JOIN weaknesses_weakness w ON w.id = m.weakness_id
WHERE NOT w.rejected
  AND (%(severities)s::int[] IS NULL OR w.severity = ANY(%(severities)s::int[]))
  AND (%(text)s = '' OR w.cve ILIKE %(pattern)s OR w.title ILIKE %(pattern)s)
  AND (%(threats)s::text[] IS NULL
    OR w.exploited AND 'exploited' = ANY(%(threats)s::text[]) OR w.exploit = 3 AND 'kit' = ANY(%(threats)s::text[])
    OR w.exploit >= 2 AND 'verified' = ANY(%(threats)s::text[]) OR (w.exploit >= 1 OR w.exploited) AND 'exploit' = ANY(%(threats)s::text[]))
GROUP BY w.id
HAVING %(remedies)s::text[] IS NULL OR CASE WHEN bool_or(m.fix = 0) THEN 'none' ELSE 'known' END = ANY(%(remedies)s::text[])
ORDER BY
    CASE %(sort)s WHEN 'severity' THEN w.severity WHEN 'cvss' THEN w.cvss WHEN 'epss' THEN w.epss WHEN 'installed' THEN sum(t.installed) END,
    CASE %(sort)s WHEN '-severity' THEN w.severity WHEN '-cvss' THEN w.cvss WHEN '-epss' THEN w.epss WHEN '-installed' THEN sum(t.installed) END
        DESC NULLS LAST,
    CASE WHEN %(sort)s = 'published' THEN w.published_at END,
    CASE WHEN %(sort)s = '-published' THEN w.published_at END DESC NULLS LAST,
    CASE WHEN %(sort)s = 'cve' THEN w.cve END,
    CASE WHEN %(sort)s = '-cve' THEN w.cve END DESC,
    w.exploited DESC, w.severity DESC, w.exploit DESC, w.epss DESC, w.cvss DESC NULLS LAST, w.cve DESC
LIMIT %(limit)s OFFSET %(offset)s
