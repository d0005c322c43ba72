-- What part_contribution and part_group add up to waits for the end of the full run that is under way.
INSERT INTO recommendations_pendingcontribution (recommendation_id, group_id, exposed, installed, weight, base, hazard, impact, exposed_after, impact_after, alerts)
SELECT recommendation_id, group_id, sum(exposed), sum(installed), sum(weight), sum(base), sum(hazard), sum(impact), sum(exposed_after),
    sum(impact_after), sum(alerts)
FROM part_contribution GROUP BY recommendation_id, group_id
-- ;;
INSERT INTO recommendations_pendinggroup (group_id, machines, weight, exposure, exposure_after, none, low, medium, high, no_data)
SELECT group_id, sum(machines), sum(weight), sum(exposure), sum(exposure_after), sum(none), sum(low), sum(medium), sum(high), sum(no_data)
FROM part_group GROUP BY group_id
