-- Software and versions by what they are, made where they are missing. Only missing rows are tried, so that no
-- sequence number is spent on known ones; ON CONFLICT is for a report that makes the same row at the same moment.
-- Keyed by software key, version and platform; three index look-ups a distinct version.
INSERT INTO inventory_software (
    key, ecosystem, name, vendor, category, support, installed_count, exposed_count, version_count, weakness_count, first_seen
)
SELECT DISTINCT ON (r.key) r.key, r.ecosystem, r.name, r.vendor, r.category, 0, 0, 0, 0, 0, %(now)s
FROM jsonb_to_recordset(%(versions)s::jsonb) AS r (key text, ecosystem text, name text, vendor text, category text)
WHERE NOT EXISTS (SELECT FROM inventory_software s WHERE s.key = r.key)
ORDER BY r.key, r.name
ON CONFLICT (key) DO NOTHING
-- ;;
INSERT INTO inventory_version (software_id, version, platform, sort_key, first_seen, matched_at)
SELECT s.id, r.version, r.platform, min(r.sort_key), %(now)s, NULL
FROM jsonb_to_recordset(%(versions)s::jsonb) AS r (key text, version text, platform text, sort_key text)
JOIN inventory_software s ON s.key = r.key
WHERE NOT EXISTS (
    SELECT FROM inventory_version v WHERE v.software_id = s.id AND v.version = r.version AND v.platform = r.platform
)
GROUP BY s.id, r.version, r.platform
ORDER BY s.id, r.version, r.platform
ON CONFLICT (software_id, version, platform) DO NOTHING
-- ;;
SELECT r.ord, v.id, v.software_id
FROM jsonb_to_recordset(%(versions)s::jsonb) AS r (ord integer, key text, version text, platform text)
JOIN inventory_software s ON s.key = r.key
JOIN inventory_version v ON v.software_id = s.id AND v.version = r.version AND v.platform = r.platform
