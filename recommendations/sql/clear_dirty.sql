-- Dirty marks that were there when the run began go; a machine marked again since keeps its mark, and one that a report
-- holds at this moment is left to the next incremental run rather than waited for.
DELETE FROM inventory_dirtymachine d
USING (
    SELECT m.machine_id
    FROM inventory_dirtymachine m
    JOIN unnest(%(machines)s::int[], %(since)s::timestamptz[]) AS t(machine_id, since) ON t.machine_id = m.machine_id AND t.since = m.since
    ORDER BY m.machine_id
    FOR UPDATE OF m SKIP LOCKED
) k
WHERE d.machine_id = k.machine_id
