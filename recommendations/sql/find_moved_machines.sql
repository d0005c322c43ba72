-- Machines in scope that part_contents has with another group or other contents than machine_basis, or that only one of them has. By id;
-- cost: one pass over both.
SELECT coalesce(n.machine_id, o.machine_id) AS machine_id
FROM part_contents n
FULL JOIN (
    SELECT machine_id, group_id, signature FROM recommendations_machinebasis WHERE %(everything)s OR machine_id = ANY(%(machines)s)
) o ON o.machine_id = n.machine_id
WHERE n.group_id IS DISTINCT FROM o.group_id OR n.signature IS DISTINCT FROM o.signature
