-- recommendation_stat and group_score moved by the sums in part_contribution and part_group (old contributions
-- counted with -1, new ones with 1). A row that nobody needs any more goes, and takes its rounding residue with it.
DROP TABLE IF EXISTS part_stat
-- ;;
CREATE TEMP TABLE part_stat ON COMMIT DROP AS
SELECT recommendation_id, group_id, sum(exposed)::int AS exposed, sum(installed)::int AS installed, sum(weight) AS weight, sum(base) AS base,
    sum(hazard) AS hazard, sum(impact) AS impact, sum(exposed_after)::int AS exposed_after, sum(impact_after) AS impact_after, sum(alerts)::int AS alerts
FROM part_contribution GROUP BY recommendation_id, group_id
-- ;;
ANALYZE part_stat
-- ;;
UPDATE recommendations_recommendationstat o
SET exposed = o.exposed + n.exposed, installed = o.installed + n.installed, weight = o.weight + n.weight, base = o.base + n.base,
    hazard = o.hazard + n.hazard, impact = o.impact + n.impact, exposed_after = o.exposed_after + n.exposed_after,
    impact_after = o.impact_after + n.impact_after, alerts = o.alerts + n.alerts
FROM part_stat n
WHERE n.recommendation_id = o.recommendation_id AND n.group_id = o.group_id
  AND (n.exposed, n.installed, n.exposed_after, n.alerts, n.weight, n.base, n.hazard, n.impact, n.impact_after) IS DISTINCT FROM (0, 0, 0, 0, 0, 0, 0, 0, 0)
-- ;;
INSERT INTO recommendations_recommendationstat (recommendation_id, group_id, exposed, installed, weight, base, hazard, impact, exposed_after, impact_after, alerts)
SELECT n.recommendation_id, n.group_id, n.exposed, n.installed, n.weight, n.base, n.hazard, n.impact, n.exposed_after, n.impact_after, n.alerts
FROM part_stat n
JOIN inventory_machinegroup g ON g.id = n.group_id
WHERE (n.exposed > 0 OR n.installed > 0)
  AND NOT EXISTS (SELECT FROM recommendations_recommendationstat o WHERE o.recommendation_id = n.recommendation_id AND o.group_id = n.group_id)
-- ;;
UPDATE recommendations_recommendationstat o SET installed = t.installed
FROM recommendations_recommendation r, inventory_softwarestat t
WHERE r.id = o.recommendation_id AND t.software_id = r.software_id AND t.group_id = o.group_id AND o.installed <> t.installed
  AND r.software_id IN (
    SELECT id FROM part_change WHERE kind > 0
    UNION SELECT x.software_id FROM part_stat p JOIN recommendations_recommendation x ON x.id = p.recommendation_id)
-- ;;
DELETE FROM recommendations_recommendationstat o
USING part_stat n, recommendations_recommendation r
WHERE n.recommendation_id = o.recommendation_id AND n.group_id = o.group_id AND r.id = o.recommendation_id
  AND o.exposed <= 0 AND (r.software_id IS NOT NULL OR o.installed <= 0)
-- ;;
UPDATE recommendations_recommendationstat o
SET weight = 0, base = 0, hazard = 0, impact = 0, impact_after = 0, exposed_after = 0, alerts = 0
FROM part_stat n
WHERE n.recommendation_id = o.recommendation_id AND n.group_id = o.group_id AND o.exposed <= 0
-- ;;
UPDATE recommendations_recommendationstat o SET impact_after = 0
FROM part_stat n
WHERE n.recommendation_id = o.recommendation_id AND n.group_id = o.group_id AND o.exposed_after <= 0
-- ;;
INSERT INTO recommendations_groupscore (group_id, machines, weight, exposure, exposure_after, none, low, medium, high, no_data, unsupported_os, inactive)
SELECT g.id, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
FROM inventory_machinegroup g
WHERE NOT EXISTS (SELECT FROM recommendations_groupscore o WHERE o.group_id = g.id)
-- ;;
UPDATE recommendations_groupscore o
SET machines = o.machines + n.machines, weight = o.weight + n.weight, exposure = o.exposure + n.exposure,
    exposure_after = o.exposure_after + n.exposure_after, none = o.none + n.none, low = o.low + n.low, medium = o.medium + n.medium,
    high = o.high + n.high, no_data = o.no_data + n.no_data
FROM (
    SELECT group_id, sum(machines)::int AS machines, sum(weight) AS weight, sum(exposure) AS exposure, sum(exposure_after) AS exposure_after,
        sum(none)::int AS none, sum(low)::int AS low, sum(medium)::int AS medium, sum(high)::int AS high, sum(no_data)::int AS no_data
    FROM part_group GROUP BY group_id
) n
WHERE n.group_id = o.group_id
-- ;;
UPDATE recommendations_groupscore SET weight = 0, exposure = 0, exposure_after = 0 WHERE machines <= 0 AND (weight, exposure, exposure_after) <> (0, 0, 0)
-- ;;
UPDATE recommendations_groupscore o SET unsupported_os = n.machines
FROM (
    SELECT g.id AS group_id, coalesce(sum(x.installed), 0) AS machines
    FROM inventory_machinegroup g
    LEFT JOIN (
        inventory_versionstat x
        JOIN inventory_version v ON v.id = x.version_id
        JOIN inventory_software s ON s.id = v.software_id AND s.ecosystem = 'os' AND (s.support = 4 OR v.support_ends_on < %(today)s)
    ) ON x.group_id = g.id
    WHERE g.id IN (SELECT group_id FROM part_group)
    GROUP BY g.id
) n
WHERE n.group_id = o.group_id AND o.unsupported_os <> n.machines
-- ;;
-- Machines came or went: those that are not scored are counted again.
UPDATE recommendations_groupscore o SET inactive = n.inactive
FROM (
    SELECT s.group_id, greatest(0, coalesce(m.machines, 0) - s.machines) AS inactive
    FROM recommendations_groupscore s
    LEFT JOIN (SELECT group_id, count(*) AS machines FROM inventory_machine GROUP BY group_id) m ON m.group_id = s.group_id
) n
WHERE %(population)s AND n.group_id = o.group_id AND n.inactive <> o.inactive
-- ;;
UPDATE inventory_machinegroup g SET machine_count = n.machines
FROM recommendations_groupscore n WHERE n.group_id = g.id AND g.machine_count <> n.machines
