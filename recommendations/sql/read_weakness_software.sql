-- The first software by name, and how many, that some weaknesses affect here. Key: weakness. Cost: matches of a page of weaknesses.
SELECT m.weakness_id, min(w.name) AS name, count(DISTINCT w.id)::int AS software
FROM weaknesses_versionweakness m
JOIN inventory_version v ON v.id = m.version_id
JOIN inventory_software w ON w.id = v.software_id
WHERE m.weakness_id = ANY(%(weaknesses)s)
GROUP BY m.weakness_id
