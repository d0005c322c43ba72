-- Weaknesses of one machine, the most threatening first. Key: weakness. Cost: installations of one machine x their matches.
SELECT k.cve, k.title, k.severity, k.cvss, k.epss, k.exploit, k.exploited, k.published_at,
       min(w.name) AS software, min(w.key) AS software_key, count(DISTINCT w.id)::int AS software_count, bool_and(x.fix = 0) AS unfixed,
       count(*) OVER () AS total
FROM inventory_installation i
JOIN inventory_version v ON v.id = i.version_id
JOIN inventory_software w ON w.id = v.software_id
JOIN weaknesses_versionweakness x ON x.version_id = v.id
JOIN weaknesses_weakness k ON k.id = x.weakness_id
WHERE i.machine_id = %(machine)s
  AND (%(severity)s::int IS NULL OR k.severity = %(severity)s::int)
  AND (%(text)s = '' OR k.cve ILIKE %(pattern)s OR w.name ILIKE %(pattern)s)
GROUP BY k.id
ORDER BY k.exploited DESC, k.severity DESC, k.exploit DESC, k.epss DESC, k.cvss DESC NULLS LAST, k.cve DESC
LIMIT %(limit)s OFFSET %(offset)s
