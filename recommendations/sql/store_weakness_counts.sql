-- weakness_stat, and its sum weakness.exposed_count: active machines of a group with at least one version that has it, each
-- counted once, from part_present, part_single, part_set and part_overlap. Key: (weakness, group). Cost: present matches x groups.
DROP TABLE IF EXISTS part_count
-- ;;
CREATE TEMP TABLE part_count ON COMMIT DROP AS
SELECT p.weakness_id, x.group_id, sum(x.installed)::int AS machines
FROM part_present p
JOIN part_single s ON s.weakness_id = p.weakness_id AND s.exact
JOIN inventory_versionstat x ON x.version_id = p.version_id AND x.installed > 0
GROUP BY p.weakness_id, x.group_id
UNION ALL
SELECT w.weakness_id, c.group_id, c.machines::int
FROM part_set s CROSS JOIN unnest(s.weaknesses) AS w(weakness_id) JOIN (
    SELECT id, group_id, sum(machines) AS machines
    FROM (
        SELECT s.id, x.group_id, x.installed AS machines
        FROM part_set_version s JOIN inventory_versionstat x ON x.version_id = s.version_id AND x.installed > 0
        UNION ALL
        SELECT id, group_id, -more FROM part_overlap
    ) m
    GROUP BY id, group_id
) c ON c.id = s.id
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
