-- part_contents: what is on the live machines among `machines` (or all) at this moment, in one statement, so that
-- everything that follows rests on the same installations whatever is ingested meanwhile.
-- part_exposure: their exposures by the model: base = 0.9 max peak + 0.1 sum of sums over the versions on the machine, and
-- `base_left`, `cleared`: what excepted weaknesses leave of it in the machine's group, and whether that is nothing (NULL: none is excepted),
-- `known`: the same by what the machine's figures took the weaknesses for so far (part_known). NULL: none; both are equal where nothing was learnt.
DROP TABLE IF EXISTS part_contents, part_exposure
-- ;;
CREATE TEMP TABLE part_contents ON COMMIT DROP AS
WITH installed AS (
    SELECT machine_id, array_agg(version_id) AS versions, sum(hashint4extended(version_id, 1) & 281474976710655)::bigint AS signature
    FROM inventory_installation
    WHERE %(whole)s OR machine_id = ANY(%(machines)s)
    GROUP BY machine_id
), checked AS (
    SELECT machine_id, coalesce(array_agg(configuration_id) FILTER (WHERE passed), '{}') AS passing,
        coalesce(array_agg(configuration_id) FILTER (WHERE NOT passed), '{}') AS failing,
        sum(hashint4extended(configuration_id * 2 + passed::int, 2) & 281474976710655)::bigint AS signature
    FROM inventory_configurationresult
    WHERE %(whole)s OR machine_id = ANY(%(machines)s)
    GROUP BY machine_id
)
SELECT l.machine_id, l.group_id, coalesce(i.versions, '{}') AS versions, coalesce(c.passing, '{}') AS passing, coalesce(c.failing, '{}') AS failing,
    coalesce(i.signature, 0) # (coalesce(c.signature, 0) << 8) AS signature,
    greatest(coalesce(b.step, 0), %(full_step)s) AS rest
FROM part_live l
LEFT JOIN recommendations_machinebasis b ON b.machine_id = l.machine_id AND (%(everything)s OR b.machine_id = ANY(%(machines)s))
LEFT JOIN installed i ON i.machine_id = l.machine_id
LEFT JOIN checked c ON c.machine_id = l.machine_id
WHERE %(everything)s OR l.machine_id = ANY(%(machines)s)
-- ;;
ANALYZE part_contents
-- ;;
CREATE TEMP TABLE part_exposure ON COMMIT DROP AS
SELECT e.machine_id, e.recommendation_id, %(peak_share)s * max(e.peak) + %(sum_share)s * sum(e.sum) AS base,
    %(peak_share)s * max(e.known_peak) + %(sum_share)s * sum(e.known_sum) AS known, max(e.exploit) AS exploit, bool_or(e.exploited) AS exploited,
    CASE WHEN count(x.version_id) > 0 THEN %(peak_share)s * max(coalesce(x.peak, e.peak)) + %(sum_share)s * sum(coalesce(x.sum, e.sum)) END AS base_left,
    CASE WHEN count(x.version_id) > 0 THEN coalesce(bool_and(x.remaining = 0) FILTER (WHERE e.peak IS NOT NULL), true)
        AND count(x.version_id) >= count(e.peak) END AS cleared
FROM (
    SELECT c.machine_id, c.group_id, s.version_id, s.recommendation_id, s.peak, s.sum, s.peak AS known_peak, s.sum AS known_sum, s.exploit, s.exploited
    FROM part_contents c
    CROSS JOIN unnest(c.versions) AS v(version_id)
    JOIN recommendations_versionscore s ON s.version_id = v.version_id
    WHERE NOT EXISTS (SELECT FROM part_known k WHERE k.version_id = v.version_id AND c.rest >= k.since AND c.rest < k.until)
    UNION ALL
    SELECT c.machine_id, c.group_id, k.version_id, k.recommendation_id, k.peak, k.sum, k.known_peak, k.known_sum, k.exploit, k.exploited
    FROM part_contents c
    CROSS JOIN unnest(c.versions) AS v(version_id)
    JOIN part_known k ON k.version_id = v.version_id AND c.rest >= k.since AND c.rest < k.until
) e
LEFT JOIN recommendations_exceptedscore x ON x.version_id = e.version_id AND x.recommendation_id = e.recommendation_id AND x.group_id = e.group_id
GROUP BY e.machine_id, e.recommendation_id
-- ;;
ANALYZE part_exposure
