-- What the score drops by, in points, if part_relieved is taken off: plain, and after exceptions (what they take off already does not count,
-- nor do recommendations that they cover). Per machine the reliefs are added before f. One row.
WITH machine AS (
    SELECT s.machine_id, s.weight, s.hazard, s.hazard_after,
        s.hazard - s.likelihood * least(sum(n.relief), b.base) AS left_plain,
        greatest(0, s.hazard_after - b.likelihood_after
            * coalesce(sum(greatest(0, n.relief - coalesce(e.relief, 0))) FILTER (WHERE k.recommendation_id IS NULL), 0)) AS left_after
    FROM part_relieved n
    JOIN recommendations_machinescore s ON s.machine_id = n.machine_id
    JOIN recommendations_machinebasis b ON b.machine_id = n.machine_id
    JOIN recommendations_exposure e ON e.machine_id = n.machine_id AND e.recommendation_id = n.recommendation_id
    LEFT JOIN LATERAL (
        SELECT x.recommendation_id FROM recommendations_exceptioneffect x
        WHERE x.recommendation_id = n.recommendation_id AND x.mitigates AND (x.group_id IS NULL OR x.group_id = s.group_id) LIMIT 1
    ) k ON true
    WHERE n.relief IS NOT NULL
    GROUP BY s.machine_id, s.weight, s.hazard, s.hazard_after, s.likelihood, b.base, b.likelihood_after
), whole AS (
    SELECT nullif(sum(weight), 0) AS weight FROM recommendations_groupscore
)
SELECT coalesce(100 * sum(m.weight * %(half_hazard)s * (m.hazard - m.left_plain)
        / ((m.hazard + %(half_hazard)s) * (greatest(0, m.left_plain) + %(half_hazard)s))) / (SELECT weight FROM whole), 0) AS plain,
    coalesce(100 * sum(m.weight * %(half_hazard)s * (m.hazard_after - m.left_after)
        / ((m.hazard_after + %(half_hazard)s) * (m.left_after + %(half_hazard)s))) / (SELECT weight FROM whole), 0) AS after
FROM machine m
