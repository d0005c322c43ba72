-- The targets as they stand.
SELECT software_id, platform, version, key, exact FROM target
