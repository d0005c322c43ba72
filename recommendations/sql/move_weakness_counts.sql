-- weakness_stat and weakness.exposed_count moved by machines whose versions or group changed (part_before against
-- machine_basis): only weaknesses of versions that came or went, or of all versions where the group is another.
DROP TABLE IF EXISTS part_weakness_change
-- ;;
CREATE TEMP TABLE part_weakness_change ON COMMIT DROP AS
WITH machine AS (
    SELECT coalesce(o.machine_id, n.machine_id) AS machine_id, coalesce(o.versions, '{}') AS old, coalesce(n.versions, '{}') AS new,
        o.group_id AS old_group, n.group_id AS new_group
    FROM part_before o
    FULL JOIN (
        SELECT machine_id, group_id, versions FROM recommendations_machinebasis WHERE machine_id = ANY(%(machines)s)
    ) n ON n.machine_id = o.machine_id
), moved AS (
    SELECT m.machine_id, v.version_id
    FROM machine m CROSS JOIN LATERAL (
        (SELECT unnest(m.old) EXCEPT SELECT unnest(m.new)) UNION ALL (SELECT unnest(m.new) EXCEPT SELECT unnest(m.old))
        UNION ALL (SELECT unnest(m.old) INTERSECT SELECT unnest(m.new) WHERE m.old_group <> m.new_group)
    ) v(version_id)
), candidate AS (
    SELECT DISTINCT m.machine_id, x.weakness_id
    FROM moved m JOIN weaknesses_versionweakness x ON x.version_id = m.version_id
), held AS (
    SELECT c.weakness_id, m.old_group, m.new_group, bool_or(x.version_id = ANY(m.old)) AS before, bool_or(x.version_id = ANY(m.new)) AS after
    FROM candidate c
    JOIN machine m ON m.machine_id = c.machine_id
    JOIN weaknesses_versionweakness x ON x.weakness_id = c.weakness_id
    GROUP BY c.machine_id, c.weakness_id, m.old_group, m.new_group
)
SELECT s.weakness_id, s.group_id, sum(s.step)::int AS machines
FROM (
    SELECT weakness_id, old_group AS group_id, -1 AS step FROM held WHERE before
    UNION ALL SELECT weakness_id, new_group, 1 FROM held WHERE after
) s
JOIN weaknesses_weakness w ON w.id = s.weakness_id AND NOT w.rejected
JOIN inventory_machinegroup g ON g.id = s.group_id
GROUP BY s.weakness_id, s.group_id
HAVING sum(s.step) <> 0
-- ;;
UPDATE recommendations_weaknessstat o SET exposed = o.exposed + c.machines
FROM part_weakness_change c WHERE c.weakness_id = o.weakness_id AND c.group_id = o.group_id
-- ;;
INSERT INTO recommendations_weaknessstat (weakness_id, group_id, exposed)
SELECT weakness_id, group_id, machines FROM part_weakness_change WHERE machines > 0
ON CONFLICT (weakness_id, group_id) DO NOTHING
-- ;;
DELETE FROM recommendations_weaknessstat o USING part_weakness_change c
WHERE c.weakness_id = o.weakness_id AND c.group_id = o.group_id AND o.exposed <= 0
-- ;;
UPDATE weaknesses_weakness w SET exposed_count = greatest(0, w.exposed_count + c.machines)
FROM (SELECT weakness_id, sum(machines) AS machines FROM part_weakness_change GROUP BY weakness_id HAVING sum(machines) <> 0) c
WHERE c.weakness_id = w.id
