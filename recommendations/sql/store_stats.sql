-- recommendation_stat set to the sums in part_contribution; what differs in the last
-- bits only (sums depend on the order of adding) is left alone.
DROP TABLE IF EXISTS part_stat
-- ;;
CREATE TEMP TABLE part_stat ON COMMIT DROP AS
SELECT c.*, coalesce(t.installed, c.applicable) AS installed
FROM (
    SELECT recommendation_id, group_id, sum(exposed) AS exposed, sum(installed) AS applicable, sum(weight) AS weight, sum(base) AS base,
        sum(hazard) AS hazard, sum(impact) AS impact, sum(exposed_after) AS exposed_after, sum(impact_after) AS impact_after, sum(alerts) AS alerts
    FROM part_contribution GROUP BY recommendation_id, group_id
    HAVING sum(exposed) > 0 OR sum(installed) > 0
) c
JOIN recommendations_recommendation r ON r.id = c.recommendation_id
LEFT JOIN inventory_softwarestat t ON t.software_id = r.software_id AND t.group_id = c.group_id
-- ;;
-- What nobody needs any more takes the rounding residue of its sums with it.
UPDATE part_stat SET weight = 0, base = 0, hazard = 0, impact = 0 WHERE exposed = 0 AND (weight, base, hazard, impact) <> (0, 0, 0, 0)
-- ;;
UPDATE part_stat SET impact_after = 0 WHERE exposed_after = 0 AND impact_after <> 0
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
