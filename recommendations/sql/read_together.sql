-- The drop of the score, in points, when several recommendations are carried out together on the machines of `groups`:
-- per machine the hazards are added (and b eased by all picked checks it fails) before f, never the impacts. Cost: the
-- exposures of the picked recommendations.
WITH settings AS (
    SELECT %(half_hazard)s::float8 AS k, %(likelihood_checks)s::float8 AS checks
), removed AS (
    SELECT machine_id, sum(base) AS base FROM recommendations_exposure WHERE recommendation_id = ANY(%(recommendation_ids)s) GROUP BY machine_id
), eased AS (
    SELECT b.machine_id, sum(u.impact) / b.check_weight AS share
    FROM recommendations_recommendation r
    JOIN inventory_configuration u ON u.id = r.configuration_id
    JOIN recommendations_machinebasis b ON r.configuration_id = ANY(b.failing)
    WHERE r.id = ANY(%(recommendation_ids)s) AND b.check_weight > 0 AND NOT b.alerted
    GROUP BY b.machine_id, b.check_weight
), machine AS (
    SELECT s.weight, s.hazard,
        greatest(0, s.likelihood - t.checks * coalesce(e.share, 0)) * greatest(0, b.base - coalesce(x.base, 0)) AS hazard_left
    FROM recommendations_machinescore s
    JOIN recommendations_machinebasis b ON b.machine_id = s.machine_id
    LEFT JOIN removed x ON x.machine_id = s.machine_id
    LEFT JOIN eased e ON e.machine_id = s.machine_id
    CROSS JOIN settings t
    WHERE (x.machine_id IS NOT NULL OR e.machine_id IS NOT NULL) AND (%(groups)s::bigint[] IS NULL OR s.group_id = ANY(%(groups)s::bigint[]))
)
SELECT coalesce(100 * sum(m.weight * (m.hazard / (m.hazard + t.k) - m.hazard_left / (m.hazard_left + t.k))) / (
        SELECT nullif(sum(weight), 0) FROM recommendations_groupscore WHERE %(groups)s::bigint[] IS NULL OR group_id = ANY(%(groups)s::bigint[])), 0) AS impact,
    count(*) AS machines
FROM machine m CROSS JOIN settings t
