-- Machines whose exposures must be rebuilt, by id. A row each, in id order; one that waits already gets the newer
-- stamp, so that a rebuild under way does not take the mark away with it.
INSERT INTO inventory_dirtymachine (machine_id, since)
SELECT id, %(now)s FROM unnest(%(machine_ids)s::integer[]) AS m (id) ORDER BY id
ON CONFLICT (machine_id) DO UPDATE SET since = excluded.since
