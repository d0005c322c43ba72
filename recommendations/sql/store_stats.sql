-- recommendation_stat and group_score set to the sums in part_contribution and part_group; what differs in the last
-- bits only (sums depend on the order of adding) is left alone.
DROP TABLE IF EXISTS part_stat, part_group_score
-- ;;
CREATE TEMP TABLE part_stat ON COMMIT DROP AS
SELECT c.*, coalesce(t.installed, c.applicable) AS installed
FROM (
    SELECT recommendation_id, group_id, sum(exposed) AS exposed, sum(installed) AS applicable, sum(weight) AS weight, sum(base) AS base,
        sum(hazard) AS hazard, sum(impact) AS impact, sum(exposed_after) AS exposed_after, sum(impact_after) AS impact_after, sum(alerts) AS alerts
    FROM part_contribution GROUP BY recommendation_id, group_id
) c
JOIN recommendations_recommendation r ON r.id = c.recommendation_id
LEFT JOIN inventory_softwarestat t ON t.software_id = r.software_id AND t.group_id = c.group_id
-- ;;
ANALYZE part_stat
-- ;;
DELETE FROM recommendations_recommendationstat o
WHERE NOT EXISTS (SELECT FROM part_stat n WHERE n.recommendation_id = o.recommendation_id AND n.group_id = o.group_id)
-- ;;
UPDATE recommendations_recommendationstat o
SET exposed = n.exposed, installed = n.installed, weight = n.weight, base = n.base, hazard = n.hazard, impact = n.impact,
    exposed_after = n.exposed_after, impact_after = n.impact_after, alerts = n.alerts
FROM part_stat n
WHERE n.recommendation_id = o.recommendation_id AND n.group_id = o.group_id
  AND ((o.exposed, o.installed, o.exposed_after, o.alerts) IS DISTINCT FROM (n.exposed, n.installed, n.exposed_after, n.alerts)
    OR greatest(abs(o.weight - n.weight) / greatest(1, n.weight), abs(o.base - n.base) / greatest(1, n.base),
        abs(o.hazard - n.hazard) / greatest(1, n.hazard), abs(o.impact - n.impact) / greatest(1, n.impact),
        abs(o.impact_after - n.impact_after) / greatest(1, n.impact)) > 1e-12)
-- ;;
INSERT INTO recommendations_recommendationstat (recommendation_id, group_id, exposed, installed, weight, base, hazard, impact, exposed_after, impact_after, alerts)
SELECT n.recommendation_id, n.group_id, n.exposed, n.installed, n.weight, n.base, n.hazard, n.impact, n.exposed_after, n.impact_after, n.alerts
FROM part_stat n
WHERE NOT EXISTS (SELECT FROM recommendations_recommendationstat o WHERE o.recommendation_id = n.recommendation_id AND o.group_id = n.group_id)
-- ;;
CREATE TEMP TABLE part_group_score ON COMMIT DROP AS
SELECT g.id AS group_id, coalesce(p.machines, 0) AS machines, coalesce(p.weight, 0) AS weight, coalesce(p.exposure, 0) AS exposure,
    coalesce(p.exposure_after, 0) AS exposure_after, coalesce(p.none, 0) AS none, coalesce(p.low, 0) AS low, coalesce(p.medium, 0) AS medium,
    coalesce(p.high, 0) AS high, coalesce(p.no_data, 0) AS no_data, coalesce(u.machines, 0) AS unsupported_os,
    greatest(0, coalesce(a.machines, 0) - coalesce(p.machines, 0)) AS inactive
FROM inventory_machinegroup g
LEFT JOIN part_group p ON p.group_id = g.id
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
