-- Software to be named anew: a version's weaknesses or support changed since the last full run, it was matched again since (its fixes
-- may be others), a version appeared on the fleet or left it, or the software was renamed.
SELECT v.software_id FROM part_restated r JOIN inventory_version v ON v.id = r.version_id
UNION
SELECT v.software_id FROM part_flip f JOIN inventory_version v ON v.id = f.version_id
UNION
SELECT s.id FROM recommendations_recommendation r JOIN inventory_software s ON s.id = r.software_id WHERE r.component <> s.name
UNION
SELECT software_id FROM inventory_version
WHERE matched_at > (SELECT max(finished_at) FROM recommendations_run WHERE kind = 'full')
