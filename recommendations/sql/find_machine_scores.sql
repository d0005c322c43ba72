-- part_score: machine_score of the live machines among `machines` (or all), from machine_basis, part_live and part_checked:
-- b, H = b base, 100 E and level (recommendations.rules.likelihood, saturate, level), plain and with what mitigating
-- exceptions cover, and excepted weaknesses add, taken out. Only differences. part_left: scored machines that are not among the live ones any more.
DROP TABLE IF EXISTS part_mitigated, part_eased, part_score, part_left
-- ;;
CREATE TEMP TABLE part_mitigated ON COMMIT DROP AS
SELECT machine_id, sum(base) AS base
FROM (
    SELECT e.machine_id, e.base
    FROM part_covered k
    JOIN recommendations_exposure e ON e.recommendation_id = k.recommendation_id
    JOIN part_live l ON l.machine_id = e.machine_id AND l.group_id = k.group_id
    WHERE %(whole)s OR e.machine_id = ANY(%(machines)s)
    UNION ALL
    SELECT e.machine_id, e.relief
    FROM recommendations_exposure e
    JOIN part_live l ON l.machine_id = e.machine_id
    LEFT JOIN part_covered k ON k.recommendation_id = e.recommendation_id AND k.group_id = l.group_id
    WHERE e.relief IS NOT NULL AND k.recommendation_id IS NULL AND (%(whole)s OR e.machine_id = ANY(%(machines)s))
) m
GROUP BY machine_id
-- ;;
CREATE TEMP TABLE part_eased ON COMMIT DROP AS
SELECT c.machine_id, sum(u.impact) AS passed
FROM part_covered k
JOIN recommendations_recommendation r ON r.id = k.recommendation_id
JOIN inventory_configuration u ON u.id = r.configuration_id
JOIN inventory_configurationresult c ON c.configuration_id = u.id AND NOT c.passed
JOIN part_live l ON l.machine_id = c.machine_id AND l.group_id = k.group_id
WHERE %(whole)s OR c.machine_id = ANY(%(machines)s)
GROUP BY c.machine_id
-- ;;
CREATE TEMP TABLE part_score ON COMMIT DROP AS
SELECT n.*
FROM (
    SELECT t.*, CASE
        WHEN t.exposures = 0 THEN 0
        WHEN round(t.score) >= %(band_high)s OR t.exploited OR t.alerted THEN 3
        WHEN round(t.score) >= %(band_medium)s OR t.exploit > 0 THEN 2
        ELSE 1 END::smallint AS level
    FROM (
        SELECT s.*, s.likelihood * s.base AS hazard, s.likelihood_after * s.base_after AS hazard_after,
            100 * s.likelihood * s.base / (s.likelihood * s.base + %(half_hazard)s) AS score
        FROM (
            SELECT l.machine_id, l.group_id, l.weight, l.alerted, c.passed::float8 / c.total AS pass_share, coalesce(c.total, 0)::float8 AS check_weight,
                b.base, b.exposures, b.exploit, b.exploited,
                b.check_weight AS old_check_weight, b.alerted AS old_alerted, b.likelihood_after AS old_likelihood_after,
                CASE WHEN m.base IS NULL THEN b.base ELSE greatest(0, b.base - m.base) END AS base_after,
                CASE WHEN l.alerted THEN 1::float8 ELSE %(likelihood_base)s + %(likelihood_internet)s * l.internet_facing::int
                    + %(likelihood_checks)s * (1 - coalesce(c.passed::float8 / c.total, %(pass_unknown)s)) END AS likelihood,
                CASE WHEN l.alerted THEN 1::float8 ELSE %(likelihood_base)s + %(likelihood_internet)s * l.internet_facing::int
                    + %(likelihood_checks)s * (1 - coalesce((c.passed + coalesce(x.passed, 0))::float8 / c.total, %(pass_unknown)s)) END AS likelihood_after
            FROM part_live l
            JOIN recommendations_machinebasis b ON b.machine_id = l.machine_id AND (%(everything)s OR b.machine_id = ANY(%(machines)s))
            LEFT JOIN part_checked c ON c.machine_id = l.machine_id
            LEFT JOIN part_mitigated m ON m.machine_id = l.machine_id
            LEFT JOIN part_eased x ON x.machine_id = l.machine_id
            OFFSET 0  -- else each of these expressions is computed wherever it is named below
        ) s
        OFFSET 0
    ) t
) n
LEFT JOIN recommendations_machinescore o ON o.machine_id = n.machine_id AND (%(everything)s OR o.machine_id = ANY(%(machines)s))
WHERE (o.group_id, o.weight, o.likelihood, o.pass_share, o.hazard, o.hazard_after, o.score, o.level, o.exposures)
        IS DISTINCT FROM (n.group_id, n.weight, n.likelihood, n.pass_share, n.hazard, n.hazard_after, n.score, n.level, n.exposures)
   OR (n.old_check_weight, n.old_alerted, n.old_likelihood_after) IS DISTINCT FROM (n.check_weight, n.alerted, n.likelihood_after)
-- ;;
ANALYZE part_score
-- ;;
CREATE TEMP TABLE part_left ON COMMIT DROP AS
SELECT o.machine_id, o.group_id, o.weight, o.hazard, o.hazard_after
FROM recommendations_machinescore o
WHERE (%(everything)s OR o.machine_id = ANY(%(machines)s)) AND NOT EXISTS (SELECT FROM part_live n WHERE n.machine_id = o.machine_id)
