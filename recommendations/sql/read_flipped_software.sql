-- Software of which a version appeared on the fleet or left it.
SELECT DISTINCT v.software_id FROM part_flip f JOIN inventory_version v ON v.id = f.version_id
