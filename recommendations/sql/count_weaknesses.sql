-- weakness_stat, and its sum weakness.exposed_count: active machines of a group with at least one version that has it, each
-- counted once; over all weaknesses, whichever software was scored before (part_pair may hold some only). Key: (weakness, group). Cost: present matches x groups, and one pass over machine_basis.
-- Where one version a machine can have it (one software, never side by side) it is a sum of version_stat. The others are
-- counted by the set of versions that have them: weaknesses with the same set share one count of distinct machines.
DROP TABLE IF EXISTS part_present, part_single, part_set, part_set_version, part_set_count, part_count
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
-- ;;
CREATE TEMP TABLE part_set_count ON COMMIT DROP AS
WITH held AS (
    SELECT b.machine_id, b.group_id, v.version_id
    FROM recommendations_machinebasis b CROSS JOIN unnest(b.versions) AS v(version_id)
    WHERE v.version_id IN (SELECT version_id FROM part_set_version)
), profile AS (
    SELECT group_id, versions, count(*) AS machines
    FROM (SELECT machine_id, group_id, array_agg(version_id ORDER BY version_id) AS versions FROM held GROUP BY machine_id, group_id) m
    GROUP BY group_id, versions
)
SELECT id, group_id, sum(machines) AS machines
FROM (
    SELECT DISTINCT s.id, p.group_id, p.versions, p.machines
    FROM profile p CROSS JOIN unnest(p.versions) AS v(version_id) JOIN part_set_version s ON s.version_id = v.version_id
) d
GROUP BY id, group_id
-- ;;
CREATE TEMP TABLE part_count ON COMMIT DROP AS
SELECT p.weakness_id, x.group_id, sum(x.installed)::int AS machines
FROM part_present p
JOIN part_single s ON s.weakness_id = p.weakness_id AND s.exact
JOIN inventory_versionstat x ON x.version_id = p.version_id AND x.installed > 0
GROUP BY p.weakness_id, x.group_id
UNION ALL
SELECT w.weakness_id, c.group_id, c.machines::int
FROM part_set s CROSS JOIN unnest(s.weaknesses) AS w(weakness_id) JOIN part_set_count c ON c.id = s.id
-- ;;
ANALYZE part_count
-- ;;
DELETE FROM recommendations_weaknessstat o
WHERE NOT EXISTS (SELECT FROM part_count c WHERE c.weakness_id = o.weakness_id AND c.group_id = o.group_id)
-- ;;
UPDATE recommendations_weaknessstat o SET exposed = c.machines
FROM part_count c WHERE c.weakness_id = o.weakness_id AND c.group_id = o.group_id AND o.exposed <> c.machines
-- ;;
INSERT INTO recommendations_weaknessstat (weakness_id, group_id, exposed)
SELECT weakness_id, group_id, machines FROM part_count
ON CONFLICT (weakness_id, group_id) DO NOTHING
-- ;;
UPDATE weaknesses_weakness w SET exposed_count = 0
WHERE w.exposed_count > 0 AND NOT EXISTS (SELECT FROM part_count c WHERE c.weakness_id = w.id)
-- ;;
UPDATE weaknesses_weakness w SET exposed_count = c.machines
FROM (SELECT weakness_id, sum(machines) AS machines FROM part_count GROUP BY weakness_id) c
WHERE c.weakness_id = w.id AND w.exposed_count <> c.machines
