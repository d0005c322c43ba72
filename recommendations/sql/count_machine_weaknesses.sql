-- Weaknesses of one machine by severity. Key: severity. Cost: installations of one machine x their matches.
SELECT k.severity, count(DISTINCT k.id)::int AS weaknesses
FROM inventory_installation i
JOIN weaknesses_versionweakness x ON x.version_id = i.version_id
JOIN weaknesses_weakness k ON k.id = x.weakness_id
WHERE i.machine_id = %(machine)s
GROUP BY k.severity
