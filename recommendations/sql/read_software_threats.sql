-- Groups and campaigns that use weaknesses of the installed versions of a software. Key: name. Cost: matches of one
-- software's versions, by the index of insights on weakness.
SELECT i.name, min(i.kind) AS kind, count(DISTINCT i.cve)::int AS weaknesses
FROM weaknesses_threatinsight i
WHERE i.kind IN ('group', 'campaign') AND i.cve IN (
    SELECT w.cve
    FROM inventory_versionstat s
    JOIN inventory_version v ON v.id = s.version_id
    JOIN weaknesses_versionweakness m ON m.version_id = v.id
    JOIN weaknesses_weakness w ON w.id = m.weakness_id
    WHERE v.software_id = %(software)s AND s.group_id = ANY(%(groups)s) AND s.installed > 0 AND NOT w.rejected)
GROUP BY i.name
ORDER BY weaknesses DESC, i.name
