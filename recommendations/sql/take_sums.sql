-- part_contribution and part_group get what slices added up, of groups that are still there.
INSERT INTO part_contribution (recommendation_id, group_id, exposed, installed, weight, base, hazard, impact, exposed_after, impact_after, alerts)
SELECT recommendation_id, group_id, sum(exposed), sum(installed), sum(weight), sum(base), sum(hazard), sum(impact), sum(exposed_after),
    sum(impact_after), sum(alerts)
FROM recommendations_pendingcontribution WHERE group_id IN (SELECT id FROM inventory_machinegroup) GROUP BY recommendation_id, group_id
-- ;;
INSERT INTO part_group (group_id, machines, weight, exposure, exposure_after, none, low, medium, high, no_data)
SELECT group_id, sum(machines), sum(weight), sum(exposure), sum(exposure_after), sum(none), sum(low), sum(medium), sum(high), sum(no_data)
FROM recommendations_pendinggroup GROUP BY group_id
-- ;;
DELETE FROM recommendations_pendingcontribution
-- ;;
DELETE FROM recommendations_pendinggroup
