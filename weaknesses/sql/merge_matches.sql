-- Brings version_weakness of the probed versions to what candidate says, by difference, and stamps the versions.
-- One row per (version, weakness): the surest source, then the one that knows a fix, then the nearest fix.
-- Returns the versions whose rows changed.
DROP TABLE IF EXISTS chosen
-- ;;
CREATE TEMP TABLE chosen ON COMMIT DROP AS
SELECT DISTINCT ON (probe_id, weakness_id) probe_id::integer AS version_id, weakness_id, range_id, source, confidence, fix, fixed, fixed_key
FROM candidate
ORDER BY probe_id, weakness_id, confidence DESC, (fix = 1) DESC, (fix = 2) DESC, fixed_key, range_id
-- ;;
ANALYZE chosen
-- ;;
UPDATE inventory_version v SET matched_at = %(now)s FROM probe p WHERE v.id = p.version_id AND v.matched_at IS DISTINCT FROM %(now)s
-- ;;
WITH gone AS (
    DELETE FROM weaknesses_versionweakness old
    USING probe p
    WHERE old.version_id = p.version_id
        AND NOT EXISTS (SELECT 1 FROM chosen c WHERE c.version_id = old.version_id AND c.weakness_id = old.weakness_id)
    RETURNING old.version_id
), merged AS (
    INSERT INTO weaknesses_versionweakness AS kept
        (version_id, weakness_id, range_id, source, confidence, fix, fixed, fixed_key, first_matched_at)
    SELECT version_id, weakness_id, range_id, source, confidence, fix, fixed, fixed_key, %(now)s FROM chosen
    ON CONFLICT (version_id, weakness_id) DO UPDATE SET
        range_id = excluded.range_id, source = excluded.source, confidence = excluded.confidence,
        fix = excluded.fix, fixed = excluded.fixed, fixed_key = excluded.fixed_key
    WHERE (kept.range_id, kept.source, kept.confidence, kept.fix, kept.fixed, kept.fixed_key)
        IS DISTINCT FROM (excluded.range_id, excluded.source, excluded.confidence, excluded.fix, excluded.fixed, excluded.fixed_key)
    RETURNING kept.version_id
)
SELECT version_id FROM gone UNION SELECT version_id FROM merged ORDER BY version_id
