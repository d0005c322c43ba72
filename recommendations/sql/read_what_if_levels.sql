-- Levels of the machines that some recommendations touch, before they are all carried out and after: a row per pair
-- (recommendations.rules.level). Key: level before, level after. Cost: the versions of the machines touched, so only for few.
WITH picked AS MATERIALIZED (
    SELECT r.id, r.configuration_id FROM recommendations_recommendation r WHERE r.id = ANY(%(recommendation_ids)s)
), removed AS (
    SELECT e.machine_id, sum(e.base) AS base, count(*) AS exposures
    FROM recommendations_exposure e
    WHERE e.recommendation_id = ANY(%(recommendation_ids)s)
    GROUP BY e.machine_id
), eased AS (
    SELECT b.machine_id, sum(u.impact) AS passed
    FROM picked p
    JOIN inventory_configuration u ON u.id = p.configuration_id
    JOIN recommendations_machinebasis b ON u.id = ANY(b.failing)
    GROUP BY b.machine_id
), machine AS (
    SELECT s.level, s.exposures - coalesce(x.exposures, 0) AS exposures, b.versions, b.alerted,
        greatest(0, s.likelihood - CASE WHEN b.alerted OR b.check_weight <= 0 THEN 0
            ELSE %(likelihood_checks)s::float8 * coalesce(e.passed, 0) / b.check_weight END)
            * greatest(0, b.base - coalesce(x.base, 0)) AS hazard
    FROM recommendations_machinescore s
    JOIN recommendations_machinebasis b ON b.machine_id = s.machine_id
    LEFT JOIN removed x ON x.machine_id = s.machine_id
    LEFT JOIN eased e ON e.machine_id = s.machine_id
    WHERE (x.machine_id IS NOT NULL OR e.machine_id IS NOT NULL) AND (%(groups)s::bigint[] IS NULL OR s.group_id = ANY(%(groups)s::bigint[]))
)
SELECT m.level AS before, CASE
        WHEN m.exposures <= 0 THEN 0
        WHEN round(100 * m.hazard / (m.hazard + %(half_hazard)s)) >= %(band_high)s OR coalesce(w.exploited, false) OR m.alerted THEN 3
        WHEN round(100 * m.hazard / (m.hazard + %(half_hazard)s)) >= %(band_medium)s OR coalesce(w.exploit, 0) > 0 THEN 2
        ELSE 1 END AS after, count(*)::int AS machines
FROM machine m
CROSS JOIN LATERAL (
    SELECT max(v.exploit) AS exploit, bool_or(v.exploited) AS exploited
    FROM recommendations_versionscore v
    WHERE v.version_id = ANY(m.versions) AND v.recommendation_id <> ALL(%(recommendation_ids)s)
) w
GROUP BY 1, 2
