-- Software to be named anew: a version's weaknesses, fixes or support changed since the last full run, a version
-- appeared on the fleet or left it, or the software was renamed.
SELECT v.software_id
FROM recommendations_versionbasis o
FULL JOIN part_version_signature n ON n.version_id = o.version_id
JOIN inventory_version v ON v.id = coalesce(o.version_id, n.version_id)
WHERE o.signature IS DISTINCT FROM n.signature
UNION
SELECT v.software_id FROM part_flip f JOIN inventory_version v ON v.id = f.version_id
UNION
SELECT s.id FROM recommendations_recommendation r JOIN inventory_software s ON s.id = r.software_id WHERE r.component <> s.name
