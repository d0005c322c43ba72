-- Brings version_weakness of the probed versions to what candidate says, by difference, and stamps the versions.
-- One row per (version, weakness): the surest source, then the one that knows a fix, then the nearest fix.
-- Returns the versions whose rows changed.
DROP TABLE IF EXISTS chosen, existing
-- ;;
CREATE TEMP TABLE chosen ON COMMIT DROP AS
SELECT DISTINCT ON (probe_id, weakness_id) probe_id::integer AS version_id, weakness_id, range_id, source, confidence, fix, fixed, fixed_key
FROM candidate
ORDER BY probe_id, weakness_id, confidence DESC, (fix = 1) DESC, (fix = 2) DESC, fixed_key, range_id
-- ;;
ANALYZE chosen
-- ;;
CREATE TEMP TABLE existing ON COMMIT DROP AS
SELECT m.version_id, m.weakness_id, m.range_id, m.source, m.confidence, m.fix, m.fixed, m.fixed_key
FROM probe p
JOIN weaknesses_versionweakness m ON m.version_id = p.version_id
WHERE NOT p.upstream
-- ;;
ANALYZE existing
-- ;;
UPDATE inventory_version v SET matched_at = %(now)s FROM probe p WHERE v.id = p.version_id AND v.matched_at IS DISTINCT FROM %(now)s
-- ;;
WITH gone AS (
    DELETE FROM weaknesses_versionweakness old
    USING existing e
    WHERE old.version_id = e.version_id AND old.weakness_id = e.weakness_id
        AND NOT EXISTS (SELECT 1 FROM chosen c WHERE c.version_id = e.version_id AND c.weakness_id = e.weakness_id)
    RETURNING old.version_id
), merged AS (
    INSERT INTO weaknesses_versionweakness (version_id, weakness_id, range_id, source, confidence, fix, fixed, fixed_key, first_matched_at)
    SELECT c.version_id, c.weakness_id, c.range_id, c.source, c.confidence, c.fix, c.fixed, c.fixed_key, %(now)s
    FROM chosen c
    -- Left out before the conflict is met: a conflict locks its row, which is a write, even where nothing changes.
    LEFT JOIN existing e ON e.version_id = c.version_id AND e.weakness_id = c.weakness_id
    WHERE e.version_id IS NULL
        OR (e.range_id, e.source, e.confidence, e.fix, e.fixed, e.fixed_key) <> (c.range_id, c.source, c.confidence, c.fix, c.fixed, c.fixed_key)
    ON CONFLICT (version_id, weakness_id) DO UPDATE SET
        range_id = excluded.range_id, source = excluded.source, confidence = excluded.confidence,
        fix = excluded.fix, fixed = excluded.fixed, fixed_key = excluded.fixed_key
    RETURNING version_id
)
SELECT version_id FROM gone UNION SELECT version_id FROM merged ORDER BY version_id
