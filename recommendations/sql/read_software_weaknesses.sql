-- Weaknesses of the versions of a software that machines of some groups carry. Key: weakness.
-- `installed` adds machines over versions: a machine with two affected versions counts twice.
-- Cost: matches of one software's versions (hundreds to thousands).
SELECT w.id, w.cve, w.title, w.severity, w.cvss, w.epss, w.exploit, w.exploited, w.published_at,
       sum(t.installed)::int AS installed, bool_or(m.fix = 0) AS unfixed, count(*) OVER () AS total
FROM (
    SELECT s.version_id, sum(s.installed) AS installed
    FROM inventory_versionstat s
    JOIN inventory_version v ON v.id = s.version_id
    WHERE v.software_id = %(software)s AND s.group_id = ANY(%(groups)s)
    GROUP BY s.version_id
    HAVING sum(s.installed) > 0
) t
JOIN weaknesses_versionweakness m ON m.version_id = t.version_id
JOIN weaknesses_weakness w ON w.id = m.weakness_id
WHERE %(severity)s::int IS NULL OR w.severity = %(severity)s::int
GROUP BY w.id
ORDER BY w.exploited DESC, w.severity DESC, w.exploit DESC, w.epss DESC, w.cvss DESC NULLS LAST, w.cve DESC
LIMIT %(limit)s OFFSET %(offset)s
