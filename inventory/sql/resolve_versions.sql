-- Software and versions by what they are, made where they are missing. Only missing rows are tried, so that no
-- sequence number is spent on known ones. One that a report makes elsewhere at the same moment is missing from the answer:
-- it is seen when asked for again. Keyed by software key, version and platform; two index look-ups a distinct version (OFFSET 0
-- keeps the planner from reading whole tables, or all versions of a software).
WITH asked AS MATERIALIZED (
    SELECT r.*, s.id AS software_id, v.id AS version_id
    FROM jsonb_to_recordset(%(versions)s::jsonb) AS r (
        ord integer, key text, version text, platform text, ecosystem text, name text, vendor text, category text, sort_key text
    )
    LEFT JOIN LATERAL (SELECT id FROM inventory_software WHERE key = r.key OFFSET 0) s ON true
    LEFT JOIN LATERAL (
        SELECT id FROM inventory_version WHERE software_id = s.id AND version = r.version AND platform = r.platform OFFSET 0
    ) v ON true
),
new_software AS (
    INSERT INTO inventory_software (
        key, ecosystem, name, vendor, category, support, installed_count, exposed_count, version_count, weakness_count, first_seen
    )
    SELECT DISTINCT ON (key) key, ecosystem, name, vendor, category, 0, 0, 0, 0, 0, %(now)s
    FROM asked
    WHERE software_id IS NULL
    ORDER BY key, name
    ON CONFLICT (key) DO NOTHING
    RETURNING id, key
),
named AS MATERIALIZED (
    SELECT a.ord, a.version, a.platform, a.sort_key, a.version_id, coalesce(a.software_id, s.id) AS software_id
    FROM asked a
    LEFT JOIN new_software s ON a.software_id IS NULL AND s.key = a.key
),
new_version AS (
    INSERT INTO inventory_version (software_id, version, platform, sort_key, first_seen, matched_at)
    SELECT software_id, version, platform, min(sort_key), %(now)s, NULL
    FROM named
    WHERE version_id IS NULL AND software_id IS NOT NULL
    GROUP BY software_id, version, platform
    ORDER BY software_id, version, platform
    ON CONFLICT (software_id, version, platform) DO NOTHING
    RETURNING id, software_id, version, platform
)
SELECT ord, version_id AS id, software_id FROM named WHERE version_id IS NOT NULL
UNION ALL
SELECT n.ord, v.id, v.software_id
FROM named n
JOIN new_version v ON v.software_id = n.software_id AND v.version = n.version AND v.platform = n.platform
