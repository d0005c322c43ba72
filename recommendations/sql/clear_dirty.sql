-- Dirty marks that were there when the run began go; a machine marked again since keeps its mark.
DELETE FROM inventory_dirtymachine d
USING unnest(%(machines)s::int[], %(since)s::timestamptz[]) AS t(machine_id, since)
WHERE d.machine_id = t.machine_id AND d.since = t.since
