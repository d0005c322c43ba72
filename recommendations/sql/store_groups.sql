-- group_score and the counts of machines on groups, set to the sums in part_group; only differences are written.
DROP TABLE IF EXISTS part_group_score
-- ;;
CREATE TEMP TABLE part_group_score ON COMMIT DROP AS
SELECT g.id AS group_id, coalesce(p.machines, 0) AS machines, coalesce(p.weight, 0) AS weight, coalesce(p.exposure, 0) AS exposure,
    coalesce(p.exposure_after, 0) AS exposure_after, coalesce(p.none, 0) AS none, coalesce(p.low, 0) AS low, coalesce(p.medium, 0) AS medium,
    coalesce(p.high, 0) AS high, coalesce(p.no_data, 0) AS no_data, coalesce(u.machines, 0) AS unsupported_os,
    greatest(0, coalesce(a.machines, 0) - coalesce(p.machines, 0)) AS inactive
FROM inventory_machinegroup g
LEFT JOIN (
    SELECT group_id, sum(machines)::int AS machines, sum(weight) AS weight, sum(exposure) AS exposure, sum(exposure_after) AS exposure_after,
        sum(none)::int AS none, sum(low)::int AS low, sum(medium)::int AS medium, sum(high)::int AS high, sum(no_data)::int AS no_data
    FROM part_group GROUP BY group_id HAVING sum(machines) > 0
) p ON p.group_id = g.id
LEFT JOIN (SELECT group_id, count(*) AS machines FROM inventory_machine GROUP BY group_id) a ON a.group_id = g.id
LEFT JOIN (
    SELECT x.group_id, sum(x.installed) AS machines
    FROM inventory_software s
    JOIN inventory_version v ON v.software_id = s.id
    JOIN inventory_versionstat x ON x.version_id = v.id
    WHERE s.ecosystem = 'os' AND (s.support = 4 OR v.support_ends_on < %(today)s)
    GROUP BY x.group_id
) u ON u.group_id = g.id
-- ;;
UPDATE recommendations_groupscore o
SET machines = n.machines, weight = n.weight, exposure = n.exposure, exposure_after = n.exposure_after, none = n.none, low = n.low,
    medium = n.medium, high = n.high, no_data = n.no_data, unsupported_os = n.unsupported_os, inactive = n.inactive
FROM part_group_score n
WHERE n.group_id = o.group_id
  AND (o.machines, o.weight, o.exposure, o.exposure_after, o.none, o.low, o.medium, o.high, o.no_data, o.unsupported_os, o.inactive)
    IS DISTINCT FROM (n.machines, n.weight, n.exposure, n.exposure_after, n.none, n.low, n.medium, n.high, n.no_data, n.unsupported_os, n.inactive)
-- ;;
INSERT INTO recommendations_groupscore (group_id, machines, weight, exposure, exposure_after, none, low, medium, high, no_data, unsupported_os, inactive)
SELECT n.group_id, n.machines, n.weight, n.exposure, n.exposure_after, n.none, n.low, n.medium, n.high, n.no_data, n.unsupported_os, n.inactive
FROM part_group_score n
WHERE NOT EXISTS (SELECT FROM recommendations_groupscore o WHERE o.group_id = n.group_id)
-- ;;
UPDATE inventory_machinegroup g SET machine_count = n.machines
FROM part_group_score n WHERE n.group_id = g.id AND g.machine_count <> n.machines
