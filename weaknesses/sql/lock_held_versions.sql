-- Versions that wait to be matched, locked after other workers let go of them: those that they matched are none any more.
-- One scan of the partial index version_to_match.
SELECT id FROM inventory_version WHERE matched_at IS NULL ORDER BY id LIMIT %(limit)s FOR UPDATE
