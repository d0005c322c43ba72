-- Software of versions that came to the fleet after the run was prepared, and were counted by its slices before anything scored them: out of support,
-- say. From part_flip and what of it was remembered in restated_version.
SELECT DISTINCT v.software_id
FROM (SELECT version_id FROM part_flip UNION SELECT version_id FROM recommendations_restatedversion WHERE aspect = 'scores') f
JOIN inventory_version v ON v.id = f.version_id
WHERE v.id > %(newest_version)s
