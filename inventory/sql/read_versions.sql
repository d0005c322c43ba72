-- Versions by id: to see that what is remembered of them is still so. An index row each.
SELECT id, software_id, version, platform FROM inventory_version WHERE id = ANY(%(ids)s)
