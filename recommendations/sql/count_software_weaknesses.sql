-- How many weaknesses of each severity the installed versions of a software have, and how many are exploited.
-- Key: severity. Cost: matches of one software's versions.
SELECT w.severity, count(DISTINCT w.id)::int AS weaknesses, count(DISTINCT w.id) FILTER (WHERE w.exploited)::int AS exploited,
       max(w.exploit) AS exploit
FROM (
    SELECT DISTINCT s.version_id
    FROM inventory_versionstat s
    JOIN inventory_version v ON v.id = s.version_id
    WHERE v.software_id = %(software)s AND s.group_id = ANY(%(groups)s) AND s.installed > 0
) t
JOIN weaknesses_versionweakness m ON m.version_id = t.version_id
JOIN weaknesses_weakness w ON w.id = m.weakness_id
GROUP BY w.severity
