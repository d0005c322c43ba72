-- part_excepted: the scores of versions in a group without the weaknesses that are excepted there, from part_pair, by the exceptions of now, or
-- (`before`) of the stored figures, or (NULL) none; and of one more `weakness` (of a `software`, or any) in `groups`. Only where one is.
-- Keyed (version, recommendation, group). Cost: versions that have an excepted weakness x the groups it is excepted in.
DROP TABLE IF EXISTS part_excepted_pair, part_excepted
-- ;;
CREATE TEMP TABLE part_excepted_pair ON COMMIT DROP AS
SELECT DISTINCT p.version_id, p.weakness_id, g.id AS group_id
FROM (
    SELECT weakness_id, software_id, group_id FROM recommendations_weaknesseffect WHERE NOT %(before)s
    UNION ALL
    SELECT weakness_id, software_id, group_id FROM recommendations_weaknesseffectbasis WHERE %(before)s
    UNION ALL
    SELECT %(weakness)s::bigint, %(software)s::bigint, g FROM unnest(%(groups)s::bigint[]) AS g WHERE %(weakness)s::bigint IS NOT NULL
) f
JOIN part_pair p ON p.weakness_id = f.weakness_id AND (f.software_id IS NULL OR f.software_id = p.software_id)
JOIN inventory_machinegroup g ON f.group_id IS NULL OR g.id = f.group_id
-- ;;
ANALYZE part_excepted_pair
-- ;;
CREATE TEMP TABLE part_excepted ON COMMIT DROP AS
SELECT p.version_id, r.id AS recommendation_id, t.group_id,
    coalesce(max(p.risk) FILTER (WHERE x.version_id IS NULL), 0) AS peak, coalesce(sum(p.risk) FILTER (WHERE x.version_id IS NULL), 0) AS sum,
    (count(*) FILTER (WHERE x.version_id IS NULL))::int AS remaining
FROM (SELECT DISTINCT version_id, group_id FROM part_excepted_pair) t
JOIN part_pair p ON p.version_id = t.version_id AND p.slot IS NOT NULL
JOIN inventory_software s ON s.id = p.software_id
JOIN recommendations_recommendation r ON r.key = 'va-_-' || s.key || p.slot
LEFT JOIN part_excepted_pair x ON x.version_id = p.version_id AND x.weakness_id = p.weakness_id AND x.group_id = t.group_id
GROUP BY p.version_id, r.id, t.group_id
HAVING count(x.version_id) > 0
-- ;;
ANALYZE part_excepted
