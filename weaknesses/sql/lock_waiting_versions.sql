-- The next versions that wait to be matched, locked so that two workers never take the same.
-- One scan of the partial index version_to_match.
SELECT id FROM inventory_version WHERE matched_at IS NULL ORDER BY id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
