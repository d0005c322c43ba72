-- The first guess of the version that ends all known weaknesses, per software and platform: the highest fix among
-- its matches. "Up to and including 2.4" without a fix means anything after 2.4: its key and `~`, which sorts right after it.
DROP TABLE IF EXISTS target
-- ;;
CREATE TEMP TABLE target ON COMMIT DROP AS
SELECT row_number() OVER () AS id, best.*
FROM (
    SELECT DISTINCT ON (v.software_id, v.platform) v.software_id, v.platform, known.key, known.version, known.exact
    FROM weaknesses_versionweakness m
    JOIN inventory_version v ON v.id = m.version_id
    LEFT JOIN weaknesses_affectedrange r ON r.id = m.range_id AND m.fix = 2
    CROSS JOIN LATERAL (
        SELECT
            (CASE WHEN m.fix = 1 THEN m.fixed_key ELSE r.end_key || '~' END) COLLATE "C" AS key,
            CASE WHEN m.fix = 1 THEN m.fixed ELSE r."end" END AS version,
            m.fix = 1 AS exact
    ) known
    WHERE m.fix IN (1, 2) AND known.key IS NOT NULL
        AND (%(software_ids)s::integer[] IS NULL OR v.software_id = ANY(%(software_ids)s))
    ORDER BY v.software_id, v.platform, known.key DESC
) best
-- ;;
INSERT INTO wanted (id, version_id, software_id, version, sort_key, platform)
SELECT id, NULL, software_id, version, key, platform FROM target
