-- These versions, locked in one order. By primary key.
SELECT id FROM inventory_version WHERE id = ANY(%(version_ids)s) ORDER BY id FOR UPDATE
