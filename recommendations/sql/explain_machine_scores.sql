-- Adds to part_cause why the sums of groups move from machine_score to part_score: one factor at a time in the order of recommendations.models.Cause
-- (recommendations.explanations.explain_change), so that the differences of neighbouring states add up to the whole. Before anything is
-- written. A machine that comes or goes is population as a whole; one that changes group is taken out of one and put into the other
-- after what happened on it. `cause` not empty: it all has that one cause. Cost: machines that moved.
DROP TABLE IF EXISTS part_move
-- ;;
CREATE TEMP TABLE part_move ON COMMIT DROP AS
WITH touched AS (
    SELECT machine_id FROM part_score UNION SELECT machine_id FROM part_base_move
), state AS (
    SELECT o.machine_id, o.group_id AS old_group, l.group_id AS new_group, o.weight AS old_weight, l.weight AS new_weight,
        o.likelihood, b.likelihood_after,
        coalesce(n.likelihood, o.likelihood) AS new_likelihood, coalesce(n.likelihood_after, b.likelihood_after) AS new_likelihood_after,
        coalesce(n.hazard, o.hazard) AS new_hazard, coalesce(n.hazard_after, o.hazard_after) AS new_hazard_after,
        o.hazard, o.hazard_after,
        greatest(0, o.hazard + o.likelihood * coalesce(m.found, 0)) AS found,
        greatest(0, o.hazard + o.likelihood * (coalesce(m.found, 0) + coalesce(m.fixed, 0))) AS fixed,
        greatest(0, o.hazard + o.likelihood * (coalesce(m.found, 0) + coalesce(m.fixed, 0) + coalesce(m.learnt, 0))) AS learnt,
        greatest(0, o.hazard_after + b.likelihood_after * coalesce(m.found_after, 0)) AS found_after,
        greatest(0, o.hazard_after + b.likelihood_after * (coalesce(m.found_after, 0) + coalesce(m.fixed_after, 0))) AS fixed_after,
        greatest(0, o.hazard_after + b.likelihood_after
            * (coalesce(m.found_after, 0) + coalesce(m.fixed_after, 0) + coalesce(m.learnt_after, 0))) AS learnt_after
    FROM touched t
    JOIN recommendations_machinescore o ON o.machine_id = t.machine_id AND (%(everything)s OR o.machine_id = ANY(%(machines)s))
    JOIN part_live l ON l.machine_id = t.machine_id
    JOIN recommendations_machinebasis b ON b.machine_id = t.machine_id AND (%(everything)s OR b.machine_id = ANY(%(machines)s))
    LEFT JOIN part_score n ON n.machine_id = t.machine_id
    LEFT JOIN part_base_move m ON m.machine_id = t.machine_id
), moved AS (
    -- Its likelihood with what exceptions covered in the group that it leaves.
    SELECT s.machine_id, CASE WHEN l.alerted THEN 1::float8 ELSE %(likelihood_base)s + %(likelihood_internet)s * l.internet_facing::int
        + %(likelihood_checks)s * (1 - coalesce((c.passed + coalesce(x.eased, 0))::float8 / c.total, %(pass_unknown)s)) END AS likelihood_after
    FROM state s
    JOIN part_live l ON l.machine_id = s.machine_id
    LEFT JOIN part_checked c ON c.machine_id = s.machine_id
    LEFT JOIN (
        SELECT s.machine_id, sum(u.impact) AS eased
        FROM state s
        JOIN part_covered k ON k.group_id = s.old_group
        JOIN recommendations_recommendation r ON r.id = k.recommendation_id
        JOIN inventory_configuration u ON u.id = r.configuration_id
        JOIN inventory_configurationresult f ON f.configuration_id = u.id AND f.machine_id = s.machine_id AND NOT f.passed
        WHERE s.old_group <> s.new_group
        GROUP BY s.machine_id
    ) x ON x.machine_id = s.machine_id
    WHERE s.old_group <> s.new_group
)
-- Where the likelihood stayed, what was learnt leads to the new state exactly, whatever the last bits of the sums say.
SELECT s.machine_id, s.old_group, s.new_group, s.old_weight, s.new_weight, s.hazard, s.hazard_after, s.found, s.found_after, s.fixed, s.fixed_after,
    CASE WHEN s.likelihood = s.new_likelihood THEN s.new_hazard ELSE s.learnt END AS learnt,
    CASE WHEN s.old_group = s.new_group AND s.likelihood_after = s.new_likelihood_after THEN s.new_hazard_after ELSE s.learnt_after END AS learnt_after,
    s.new_hazard,
    CASE WHEN s.old_group = s.new_group THEN s.new_hazard_after
        WHEN s.likelihood_after > 0 THEN s.learnt_after * v.likelihood_after / s.likelihood_after ELSE 0 END AS configured_after,
    s.new_hazard_after
FROM state s
LEFT JOIN moved v ON v.machine_id = s.machine_id
-- ;;
INSERT INTO part_cause (group_id, cause, machines, weight, exposure, exposure_after)
SELECT group_id, CASE WHEN %(cause)s = '' THEN cause ELSE %(cause)s END,
    count(DISTINCT machine_id) FILTER (WHERE greatest(abs(weight), abs(exposure), abs(exposure_after)) > 1e-12),
    sum(weight), sum(exposure), sum(exposure_after)
FROM (
    SELECT m.machine_id, p.*
    FROM (
        SELECT m.*, m.hazard / (m.hazard + %(half_hazard_before)s) AS e, m.hazard_after / (m.hazard_after + %(half_hazard_before)s) AS a,
            m.found / (m.found + %(half_hazard)s) AS e1, m.found_after / (m.found_after + %(half_hazard)s) AS a1,
            m.fixed / (m.fixed + %(half_hazard)s) AS e2, m.fixed_after / (m.fixed_after + %(half_hazard)s) AS a2,
            m.learnt / (m.learnt + %(half_hazard)s) AS e3, m.learnt_after / (m.learnt_after + %(half_hazard)s) AS a3,
            m.new_hazard / (m.new_hazard + %(half_hazard)s) AS e4, m.configured_after / (m.configured_after + %(half_hazard)s) AS a4,
            m.new_hazard_after / (m.new_hazard_after + %(half_hazard)s) AS a5
        FROM part_move m
    ) m
    CROSS JOIN LATERAL (VALUES
        (m.old_group, 'found', 0, m.old_weight * (e1 - e), m.old_weight * (a1 - a)),
        (m.old_group, 'fixed', 0, m.old_weight * (e2 - e1), m.old_weight * (a2 - a1)),
        (m.old_group, 'intelligence', 0, m.old_weight * (e3 - e2), m.old_weight * (a3 - a2)),
        (m.old_group, 'configuration', 0, m.old_weight * (e4 - e3), m.old_weight * (a4 - a3)),
        (m.old_group, 'population', CASE WHEN m.old_group = m.new_group THEN 0 ELSE -m.old_weight END,
            CASE WHEN m.old_group = m.new_group THEN 0 ELSE -m.old_weight * e4 END, CASE WHEN m.old_group = m.new_group THEN 0 ELSE -m.old_weight * a4 END),
        (m.new_group, 'population', CASE WHEN m.old_group = m.new_group THEN 0 ELSE m.old_weight END,
            CASE WHEN m.old_group = m.new_group THEN 0 ELSE m.old_weight * e4 END, CASE WHEN m.old_group = m.new_group THEN 0 ELSE m.old_weight * a5 END),
        (m.new_group, 'value', m.new_weight - m.old_weight, (m.new_weight - m.old_weight) * e4, (m.new_weight - m.old_weight) * a5)
    ) AS p(group_id, cause, weight, exposure, exposure_after)
    UNION ALL
    SELECT n.machine_id, n.group_id, 'population', n.weight, n.weight * n.hazard / (n.hazard + %(half_hazard)s),
        n.weight * n.hazard_after / (n.hazard_after + %(half_hazard)s)
    FROM part_score n
    WHERE NOT EXISTS (
        SELECT FROM recommendations_machinescore o WHERE o.machine_id = n.machine_id AND (%(everything)s OR o.machine_id = ANY(%(machines)s)))
    UNION ALL
    SELECT machine_id, group_id, 'population', -weight, -weight * hazard / (hazard + %(half_hazard_before)s),
        -weight * hazard_after / (hazard_after + %(half_hazard_before)s)
    FROM part_left
) c
GROUP BY group_id, cause
