-- How many weaknesses of each severity the installed versions of a software have, how many of them are exploited, and how
-- many have an exploit. Key: severity. Cost: matches of one software's versions.
SELECT w.severity, count(DISTINCT w.id)::int AS weaknesses, count(DISTINCT w.id) FILTER (WHERE w.exploited)::int AS exploited,
       count(DISTINCT w.id) FILTER (WHERE w.exploited OR w.exploit > 0)::int AS exploitable, max(w.exploit) AS exploit
FROM (
    SELECT DISTINCT s.version_id
    FROM inventory_versionstat s
    JOIN inventory_version v ON v.id = s.version_id
    WHERE v.software_id = %(software)s AND s.group_id = ANY(%(groups)s) AND s.installed > 0
) t
JOIN weaknesses_versionweakness m ON m.version_id = t.version_id
JOIN weaknesses_weakness w ON w.id = m.weakness_id
WHERE NOT w.rejected
GROUP BY w.severity
