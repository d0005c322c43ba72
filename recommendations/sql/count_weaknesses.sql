-- weakness.exposed_count: active machines with at least one version that has it, exactly; over all weaknesses.
-- Where one version a machine can have it (one software, never side by side) it is a sum of version_stat. The others are
-- counted by the set of versions that have them: weaknesses with the same set share one count of distinct machines.
DROP TABLE IF EXISTS part_present, part_single, part_set, part_set_version, part_set_count, part_count
-- ;;
CREATE TEMP TABLE part_present ON COMMIT DROP AS
SELECT p.weakness_id, p.version_id, p.software_id, x.installed
FROM part_pair p
JOIN (SELECT version_id, sum(installed) AS installed FROM inventory_versionstat GROUP BY version_id) x ON x.version_id = p.version_id
WHERE p.weakness_id IS NOT NULL
-- ;;
ANALYZE part_present
-- ;;
CREATE TEMP TABLE part_single ON COMMIT DROP AS
WITH beside AS (
    SELECT v.software_id FROM inventory_versionstat x JOIN inventory_version v ON v.id = x.version_id
    GROUP BY v.software_id
    HAVING sum(x.installed) <> (SELECT sum(t.installed) FROM inventory_softwarestat t WHERE t.software_id = v.software_id)
)
SELECT p.weakness_id, sum(p.installed) AS machines,
    count(*) = 1 OR min(p.software_id) = max(p.software_id) AND NOT bool_or(b.software_id IS NOT NULL) AS exact
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
-- ;;
CREATE TEMP TABLE part_set_count ON COMMIT DROP AS
WITH held AS (
    SELECT b.machine_id, v.version_id
    FROM recommendations_machinebasis b CROSS JOIN unnest(b.versions) AS v(version_id)
    WHERE v.version_id IN (SELECT version_id FROM part_set_version)
), profile AS (
    SELECT versions, count(*) AS machines
    FROM (SELECT machine_id, array_agg(version_id ORDER BY version_id) AS versions FROM held GROUP BY machine_id) m
    GROUP BY versions
)
SELECT id, sum(machines) AS machines
FROM (
    SELECT DISTINCT s.id, p.versions, p.machines
    FROM profile p CROSS JOIN unnest(p.versions) AS v(version_id) JOIN part_set_version s ON s.version_id = v.version_id
) d
GROUP BY id
-- ;;
CREATE TEMP TABLE part_count ON COMMIT DROP AS
SELECT weakness_id, machines FROM part_single WHERE exact
UNION ALL
SELECT w.weakness_id, coalesce(c.machines, 0)
FROM part_set s CROSS JOIN unnest(s.weaknesses) AS w(weakness_id) LEFT JOIN part_set_count c ON c.id = s.id
-- ;;
ANALYZE part_count
-- ;;
UPDATE weaknesses_weakness w SET exposed_count = 0
WHERE w.exposed_count > 0 AND NOT EXISTS (SELECT FROM part_count c WHERE c.weakness_id = w.id)
-- ;;
UPDATE weaknesses_weakness w SET exposed_count = c.machines FROM part_count c WHERE c.weakness_id = w.id AND w.exposed_count <> c.machines
