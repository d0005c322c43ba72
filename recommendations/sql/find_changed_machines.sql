-- Machines whose scores do not rest on what is there now: their installations or results differ from those their scores
-- were computed from, a version they carry is scored differently (also by what is excepted), they changed group, came or went, or are marked (part_dirty). One pass over
-- installations. The sums of hashes do not depend on order.
WITH installed AS (
    SELECT machine_id, sum(hashint4extended(version_id, 1) & 281474976710655)::bigint AS signature
    FROM inventory_installation GROUP BY machine_id
)
SELECT coalesce(l.machine_id, b.machine_id) AS machine_id
FROM part_live l
LEFT JOIN installed i ON i.machine_id = l.machine_id
LEFT JOIN part_checked c ON c.machine_id = l.machine_id
FULL JOIN (
    SELECT machine_id, group_id, signature FROM recommendations_machinebasis WHERE %(everything)s OR machine_id = ANY(%(machines)s)
) b ON b.machine_id = l.machine_id
WHERE b.group_id IS DISTINCT FROM l.group_id
   OR b.signature IS DISTINCT FROM (coalesce(i.signature, 0) # (coalesce(c.signature, 0) << 8))
UNION
SELECT machine_id FROM part_dirty
UNION
SELECT i.machine_id FROM part_restated r JOIN inventory_installation i ON i.version_id = r.version_id
UNION
SELECT i.machine_id
FROM part_excepted_moved x
JOIN inventory_installation i ON i.version_id = x.version_id
JOIN part_live l ON l.machine_id = i.machine_id AND l.group_id = x.group_id
