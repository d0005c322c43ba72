-- What the score drops by, in points, as some recommendations are carried out one after the other, in their order, on the
-- machines of `groups` (NULL: all): a row per step, and one of them all (step NULL). Per machine the hazards done so far
-- are added (and b eased by the checks done so far) before f, never the impacts; so the steps add up to the whole.
-- f(H) - f(G) is written K (H - G) / ((H + K) (G + K)). Key: step. Cost: the exposures of the picked recommendations,
-- and one look at every machine for each picked check.
WITH settings AS (
    SELECT %(half_hazard)s::float8 AS k, %(likelihood_checks)s::float8 AS checks
), picked AS MATERIALIZED (
    SELECT r.id, r.configuration_id, p.step::int AS step
    FROM unnest(%(recommendation_ids)s::int[]) WITH ORDINALITY AS p(id, step)
    JOIN recommendations_recommendation r ON r.id = p.id
), touched AS (
    SELECT e.machine_id, p.step, e.base, 0::float8 AS share
    FROM picked p
    JOIN recommendations_exposure e ON e.recommendation_id = p.id
    UNION ALL
    SELECT b.machine_id, p.step, 0, CASE WHEN b.alerted OR b.check_weight <= 0 THEN 0 ELSE u.impact / b.check_weight END
    FROM picked p
    JOIN inventory_configuration u ON u.id = p.configuration_id
    JOIN recommendations_machinebasis b ON u.id = ANY(b.failing)
), done AS (
    SELECT t.machine_id, t.step, s.weight, s.hazard,
        greatest(0, s.likelihood - c.checks * sum(t.share) OVER so_far) * greatest(0, b.base - sum(t.base) OVER so_far) AS hazard_left
    FROM touched t
    JOIN recommendations_machinescore s ON s.machine_id = t.machine_id
    JOIN recommendations_machinebasis b ON b.machine_id = t.machine_id
    CROSS JOIN settings c
    WHERE %(groups)s::bigint[] IS NULL OR s.group_id = ANY(%(groups)s::bigint[])
    WINDOW so_far AS (PARTITION BY t.machine_id ORDER BY t.step)
), fall AS (
    SELECT machine_id, step, weight, hazard_left,
        coalesce(lag(hazard_left) OVER (PARTITION BY machine_id ORDER BY step), hazard) AS hazard_before
    FROM done
), whole AS (
    SELECT nullif(sum(weight), 0) AS weight
    FROM recommendations_groupscore
    WHERE %(groups)s::bigint[] IS NULL OR group_id = ANY(%(groups)s::bigint[])
)
SELECT f.step, count(DISTINCT f.machine_id)::int AS machines,
    coalesce(100 * sum(f.weight * t.k * (f.hazard_before - f.hazard_left) / ((f.hazard_before + t.k) * (f.hazard_left + t.k)))
        / (SELECT weight FROM whole), 0) AS impact
FROM fall f
CROSS JOIN settings t
GROUP BY GROUPING SETS ((f.step), ())
ORDER BY f.step
