-- Adds to part_contribution, times `sign`, what `machines` (or all) contribute to the sums per (recommendation, group), from the scores and exposures as they are stored. One pass over the exposures.
-- f(H) - f(H - h) is written K h / ((H + K) (H - h + K)): no difference of near numbers. The docstring of
-- RecommendationStat says what each sum is.
-- The exposures are summed by CREATE TABLE AS, which may run in parallel; INSERT may not.
DROP TABLE IF EXISTS part_plain
-- ;;
CREATE TEMP TABLE part_plain ON COMMIT DROP AS
SELECT e.recommendation_id, s.group_id, count(*) AS exposed, sum(s.weight) AS weight, sum(s.weight * e.base) AS base,
    sum(s.weight * s.likelihood * e.base) AS hazard,
    sum(s.weight * %(half_hazard)s * s.likelihood * e.base
        / ((s.hazard + %(half_hazard)s) * (s.hazard - s.likelihood * e.base + %(half_hazard)s))) AS impact
FROM recommendations_exposure e
JOIN recommendations_machinescore s ON s.machine_id = e.machine_id
WHERE (%(whole)s OR e.machine_id = ANY(%(machines)s)) AND (%(everything)s OR s.machine_id = ANY(%(machines)s))
GROUP BY e.recommendation_id, s.group_id
-- ;;
INSERT INTO part_contribution
SELECT recommendation_id, group_id, %(sign)s * exposed, 0, %(sign)s * weight, %(sign)s * base, %(sign)s * hazard, %(sign)s * impact,
    CASE WHEN %(mitigating)s THEN 0 ELSE %(sign)s * exposed END, CASE WHEN %(mitigating)s THEN 0 ELSE %(sign)s * impact END, 0
FROM part_plain
-- ;;
-- After exceptions, where one that counts is in effect: uncovered rows only, without their excepted weaknesses, on what is left of each
-- machine's hazard.
INSERT INTO part_contribution
SELECT e.recommendation_id, s.group_id, 0, 0, 0, 0, 0, 0, %(sign)s * count(*) FILTER (WHERE e.cleared IS NOT TRUE),
    %(sign)s * coalesce(sum(s.weight * %(half_hazard)s * b.likelihood_after * (e.base - coalesce(e.relief, 0))
        / ((s.hazard_after + %(half_hazard)s) * (greatest(0, s.hazard_after - b.likelihood_after * (e.base - coalesce(e.relief, 0))) + %(half_hazard)s)))
        FILTER (WHERE e.cleared IS NOT TRUE), 0), 0
FROM recommendations_exposure e
JOIN recommendations_machinescore s ON s.machine_id = e.machine_id
JOIN recommendations_machinebasis b ON b.machine_id = e.machine_id
LEFT JOIN part_covered k ON k.recommendation_id = e.recommendation_id AND k.group_id = s.group_id
WHERE %(mitigating)s AND k.recommendation_id IS NULL AND (%(whole)s OR e.machine_id = ANY(%(machines)s))
  AND (%(everything)s OR s.machine_id = ANY(%(machines)s) AND b.machine_id = ANY(%(machines)s))
GROUP BY e.recommendation_id, s.group_id
-- ;;
INSERT INTO part_contribution
SELECT e.recommendation_id, b.group_id, 0, 0, 0, 0, 0, 0, 0, 0, %(sign)s * count(*)
FROM recommendations_machinebasis b
JOIN recommendations_exposure e ON e.machine_id = b.machine_id
WHERE b.alerted AND (%(everything)s OR b.machine_id = ANY(%(machines)s)) AND (%(whole)s OR e.machine_id = ANY(%(machines)s))
GROUP BY e.recommendation_id, b.group_id
-- ;;
INSERT INTO part_contribution
SELECT r.id, b.group_id, 0, %(sign)s * count(*), 0, 0, 0, 0, 0, 0, 0
FROM recommendations_machinebasis b
CROSS JOIN unnest(b.passing || b.failing) AS c(configuration_id)
JOIN recommendations_recommendation r ON r.configuration_id = c.configuration_id
WHERE %(everything)s OR b.machine_id = ANY(%(machines)s)
GROUP BY r.id, b.group_id
-- ;;
-- A failing check: passing it takes `ease` off b, and so ease H / b off H. With an active alert b stays 1.
INSERT INTO part_contribution
SELECT recommendation_id, group_id, %(sign)s * count(*), 0, %(sign)s * sum(weight), %(sign)s * sum(weight * base),
    %(sign)s * sum(weight * base * ease),
    %(sign)s * sum(weight * %(half_hazard)s * base * ease / ((hazard + %(half_hazard)s) * (greatest(0, hazard - base * ease) + %(half_hazard)s))),
    %(sign)s * count(*) FILTER (WHERE NOT covered),
    %(sign)s * coalesce(sum(weight * %(half_hazard)s * base_after * ease
        / ((hazard_after + %(half_hazard)s) * (greatest(0, hazard_after - base_after * ease) + %(half_hazard)s))) FILTER (WHERE NOT covered), 0),
    %(sign)s * count(*) FILTER (WHERE alerted)
FROM (
    SELECT r.id AS recommendation_id, s.group_id, s.weight, s.hazard, s.hazard_after, b.base, b.alerted,
        CASE WHEN b.likelihood_after > 0 THEN s.hazard_after / b.likelihood_after ELSE 0 END AS base_after,
        CASE WHEN b.alerted THEN 0 ELSE %(likelihood_checks)s * u.impact / b.check_weight END AS ease,
        k.recommendation_id IS NOT NULL AS covered
    FROM recommendations_machinebasis b
    JOIN recommendations_machinescore s ON s.machine_id = b.machine_id
    CROSS JOIN unnest(b.failing) AS c(configuration_id)
    JOIN inventory_configuration u ON u.id = c.configuration_id
    JOIN recommendations_recommendation r ON r.configuration_id = u.id
    LEFT JOIN part_covered k ON k.recommendation_id = r.id AND k.group_id = s.group_id
    WHERE b.check_weight > 0 AND (%(everything)s OR b.machine_id = ANY(%(machines)s) AND s.machine_id = ANY(%(machines)s))
) f
GROUP BY recommendation_id, group_id
