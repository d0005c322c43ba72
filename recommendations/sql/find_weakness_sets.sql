-- part_present: (weakness, version on the fleet) over all weaknesses, whichever software was scored before (part_pair may hold some only).
-- part_single: whether its machines are the sum of version_stat, as a machine can have one of its versions only (one software,
-- never side by side). part_set, part_set_version: the versions of the others; weaknesses with the same versions share one set.
DROP TABLE IF EXISTS part_present, part_single, part_set, part_set_version
-- ;;
CREATE TEMP TABLE part_present ON COMMIT DROP AS
SELECT m.weakness_id, m.version_id, v.software_id, x.installed
FROM (SELECT version_id, sum(installed) AS installed FROM inventory_versionstat GROUP BY version_id) x
JOIN weaknesses_versionweakness m ON m.version_id = x.version_id
JOIN inventory_version v ON v.id = m.version_id
JOIN weaknesses_weakness w ON w.id = m.weakness_id AND NOT w.rejected
-- ;;
ANALYZE part_present
-- ;;
CREATE TEMP TABLE part_single ON COMMIT DROP AS
WITH beside AS (
    SELECT v.software_id FROM inventory_versionstat x JOIN inventory_version v ON v.id = x.version_id
    GROUP BY v.software_id
    HAVING sum(x.installed) <> (SELECT sum(t.installed) FROM inventory_softwarestat t WHERE t.software_id = v.software_id)
)
SELECT p.weakness_id, count(*) = 1 OR min(p.software_id) = max(p.software_id) AND NOT bool_or(b.software_id IS NOT NULL) AS exact
FROM part_present p
LEFT JOIN beside b ON b.software_id = p.software_id
GROUP BY p.weakness_id
-- ;;
ANALYZE part_single
-- ;;
CREATE TEMP TABLE part_set ON COMMIT DROP AS
SELECT versions, array_agg(weakness_id) AS weaknesses, row_number() OVER () AS id
FROM (
    SELECT p.weakness_id, array_agg(p.version_id ORDER BY p.version_id) AS versions
    FROM part_present p JOIN part_single s ON s.weakness_id = p.weakness_id
    WHERE NOT s.exact GROUP BY p.weakness_id
) w
GROUP BY versions
-- ;;
CREATE TEMP TABLE part_set_version ON COMMIT DROP AS
SELECT s.id, v.version_id FROM part_set s CROSS JOIN unnest(s.versions) AS v(version_id)
-- ;;
ANALYZE part_set_version
