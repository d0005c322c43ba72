-- Puts versions into wanted. Keyed by version.
INSERT INTO wanted (id, version_id, software_id, version, sort_key, platform)
SELECT id, id, software_id, version, sort_key, platform FROM inventory_version WHERE id = ANY(%(version_ids)s)
