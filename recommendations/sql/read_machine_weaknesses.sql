-- Weaknesses of one machine, the most threatening first unless asked otherwise. Key: weakness. Cost: installations of one machine x their matches.
SELECT k.cve, k.title, k.severity, k.cvss, k.epss, k.exploit, k.exploited, k.published_at, k.modified_at AS updated_at,
       min(w.name) AS software, min(w.key) AS software_key, count(DISTINCT w.id)::int AS software_count, bool_and(x.fix = 0) AS unfixed,
       count(*) OVER () AS total
FROM inventory_installation i
JOIN inventory_version v ON v.id = i.version_id
JOIN inventory_software w ON w.id = v.software_id
JOIN weaknesses_versionweakness x ON x.version_id = v.id
JOIN weaknesses_weakness k ON k.id = x.weakness_id
WHERE i.machine_id = %(machine)s
  AND (%(severities)s::int[] IS NULL OR k.severity = ANY(%(severities)s::int[]))
  AND (%(version)s::int IS NULL OR v.id = %(version)s::int)
  AND (NOT %(exploited_only)s OR k.exploited) AND (NOT %(exploit_only)s OR k.exploit > 0)
  AND (%(text)s = '' OR k.cve ILIKE %(pattern)s OR w.name ILIKE %(pattern)s)
GROUP BY k.id
ORDER BY
    CASE %(sort)s WHEN 'name' THEN k.cve END, CASE %(sort)s WHEN '-name' THEN k.cve END DESC,
    CASE %(sort)s WHEN 'severity' THEN k.severity WHEN 'cvss' THEN k.cvss WHEN 'epss' THEN k.epss END,
    CASE %(sort)s WHEN '-severity' THEN k.severity WHEN '-cvss' THEN k.cvss WHEN '-epss' THEN k.epss END DESC NULLS LAST,
    CASE %(sort)s WHEN 'published' THEN k.published_at WHEN 'updated' THEN k.modified_at END,
    CASE %(sort)s WHEN '-published' THEN k.published_at WHEN '-updated' THEN k.modified_at END DESC NULLS LAST,
    CASE %(sort)s WHEN 'threats' THEN 3 * k.exploited::int + k.exploit END,
    k.exploited DESC, k.severity DESC, k.exploit DESC, k.epss DESC, k.cvss DESC NULLS LAST, k.cve DESC
LIMIT %(limit)s OFFSET %(offset)s
