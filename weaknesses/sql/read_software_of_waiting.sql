-- Software with versions that wait to be matched. One scan of the partial index version_to_match.
SELECT DISTINCT software_id FROM inventory_version WHERE matched_at IS NULL
