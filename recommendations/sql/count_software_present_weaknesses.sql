-- software.weakness_count: weaknesses of its versions that are on the fleet, from part_pair. Of software_ids.
UPDATE inventory_software s SET weakness_count = n.weaknesses
FROM (
    SELECT s.id, coalesce(p.weaknesses, 0) AS weaknesses
    FROM inventory_software s
    LEFT JOIN (
        SELECT p.software_id, count(DISTINCT p.weakness_id) AS weaknesses FROM part_pair p
        WHERE p.software_id = ANY(%(software_ids)s) AND EXISTS (SELECT FROM inventory_versionstat x WHERE x.version_id = p.version_id)
        GROUP BY p.software_id
    ) p ON p.software_id = s.id
    WHERE s.id = ANY(%(software_ids)s)
) n
WHERE n.id = s.id AND s.weakness_count <> n.weaknesses
