-- Software that has a version with a weakness, or the one that is named.
SELECT DISTINCT v.software_id
FROM weaknesses_versionweakness m
JOIN inventory_version v ON v.id = m.version_id
WHERE m.weakness_id = %(weakness)s AND (%(software)s::bigint IS NULL OR v.software_id = %(software)s)
