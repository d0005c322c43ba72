-- Every version that waits to be matched, locked after other workers let go of it: what they matched waits no more.
-- One scan of the partial index version_to_match.
SELECT id FROM inventory_version WHERE matched_at IS NULL ORDER BY id FOR UPDATE
