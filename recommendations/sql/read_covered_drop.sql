-- What the score after exceptions drops by, in points, as (recommendation, group) pairs come to be covered (sign 1) or are no longer (-1).
-- Per machine the hazards are added, and b eased by all checks, before f. One row. Cost: the exposures of the recommendations, and one look
-- at the machines of the groups for each check.
WITH delta AS MATERIALIZED (
    SELECT d.recommendation_id, d.group_id, d.sign, r.configuration_id
    FROM unnest(%(recommendations)s::int[], %(groups)s::bigint[], %(signs)s::int[]) AS d(recommendation_id, group_id, sign)
    JOIN recommendations_recommendation r ON r.id = d.recommendation_id
), removed AS (
    SELECT e.machine_id, sum(d.sign * (e.base - coalesce(e.relief, 0))) AS base
    FROM delta d
    JOIN recommendations_exposure e ON e.recommendation_id = d.recommendation_id
    JOIN recommendations_machinescore s ON s.machine_id = e.machine_id AND s.group_id = d.group_id
    GROUP BY e.machine_id
), eased AS (
    SELECT b.machine_id, sum(d.sign * u.impact) / b.check_weight AS share
    FROM delta d
    JOIN inventory_configuration u ON u.id = d.configuration_id
    JOIN recommendations_machinebasis b ON b.group_id = d.group_id AND u.id = ANY(b.failing)
    WHERE b.check_weight > 0 AND NOT b.alerted
    GROUP BY b.machine_id, b.check_weight
), machine AS (
    SELECT s.weight, s.hazard_after,
        greatest(0, b.likelihood_after - %(likelihood_checks)s * coalesce(x.share, 0))
            * greatest(0, CASE WHEN b.likelihood_after > 0 THEN s.hazard_after / b.likelihood_after ELSE 0 END - coalesce(r.base, 0)) AS hazard_left
    FROM recommendations_machinescore s
    JOIN recommendations_machinebasis b ON b.machine_id = s.machine_id
    LEFT JOIN removed r ON r.machine_id = s.machine_id
    LEFT JOIN eased x ON x.machine_id = s.machine_id
    WHERE r.machine_id IS NOT NULL OR x.machine_id IS NOT NULL
)
SELECT coalesce(100 * sum(weight * %(half_hazard)s * (hazard_after - hazard_left)
        / ((hazard_after + %(half_hazard)s) * (hazard_left + %(half_hazard)s)))
    / (SELECT nullif(sum(weight), 0) FROM recommendations_groupscore), 0) AS drop
FROM machine
