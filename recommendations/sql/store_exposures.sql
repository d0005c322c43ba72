-- exposure from part_exposure, keyed (machine, recommendation), for `machines` (or all). Stored and wanted rows are compared
-- once; only differences are written. part_base_move: what they mean for the base of a machine that was scored before. Per machine and
-- recommendation, a rise by the facts of before is found, a fall fixed; the rest is learnt. Also without what its group's exceptions cover.
-- Where excepted weaknesses take something off (relief), what moved after exceptions is found or fixed if that is what happened to the
-- plain base, else learnt; of a machine that changes group, what its new group excepts is for the change of group.
-- part_withdrawn: recommendations of software that had a weakness which was rejected since, and took its matches along: a fall is learnt.
DROP TABLE IF EXISTS part_exposure_change, part_base_move, part_withdrawn
-- ;;
CREATE TEMP TABLE part_exposure_change ON COMMIT DROP AS
SELECT coalesce(n.machine_id, o.machine_id) AS machine_id, coalesce(n.recommendation_id, o.recommendation_id) AS recommendation_id, n.base,
    coalesce(n.known, 0) AS known, coalesce(o.base, 0) AS before, n.relief, n.cleared, o.relief AS relief_before,
    CASE WHEN o.machine_id IS NULL THEN CASE WHEN n.base IS NULL THEN 'same' ELSE 'new' END
        WHEN n.base IS NULL THEN 'gone'
        WHEN abs(n.base - o.base) > 1e-12 * greatest(1, n.base) OR n.cleared IS DISTINCT FROM o.cleared
            OR abs(coalesce(n.relief, 0) - coalesce(o.relief, 0)) > 1e-12 * greatest(1, n.base) THEN 'moved' ELSE 'same' END AS change
FROM (
    SELECT machine_id, recommendation_id, base, known, CASE WHEN base_left IS NOT NULL THEN greatest(0, base - base_left) END AS relief, cleared FROM part_exposure
) n
FULL JOIN (
    SELECT machine_id, recommendation_id, base, relief, cleared FROM recommendations_exposure WHERE %(whole)s OR machine_id = ANY(%(machines)s)
) o ON o.machine_id = n.machine_id AND o.recommendation_id = n.recommendation_id
WHERE o.machine_id IS NULL OR n.base IS NULL OR abs(n.base - o.base) > 1e-12 * greatest(1, n.base)
   OR n.known IS NULL OR abs(n.known - n.base) > 1e-12 * greatest(1, n.base)
   OR n.cleared IS DISTINCT FROM o.cleared OR abs(coalesce(n.relief, 0) - coalesce(o.relief, 0)) > 1e-12 * greatest(1, n.base)
-- ;;
ANALYZE part_exposure_change (machine_id, recommendation_id, change)
-- ;;
CREATE TEMP TABLE part_withdrawn ON COMMIT DROP AS
SELECT r.id AS recommendation_id
FROM recommendations_recommendation r
WHERE r.software_id IN (
    SELECT b.software_id
    FROM recommendations_weaknessbasis b
    JOIN weaknesses_weakness w ON w.id = b.weakness_id AND w.rejected
    WHERE b.software_id IN (
        SELECT x.software_id
        FROM part_exposure_change c
        JOIN recommendations_recommendation x ON x.id = c.recommendation_id
        WHERE c.known < c.before))
-- ;;
CREATE TEMP TABLE part_base_move ON COMMIT DROP AS
SELECT machine_id, sum(greatest(0, gained)) AS found, sum(least(0, gained)) FILTER (WHERE NOT withdrawn) AS fixed,
    sum(CASE WHEN withdrawn THEN least(0, gained) ELSE 0 END + learnt) AS learnt,
    sum(greatest(0, gained_after)) FILTER (WHERE NOT covered) AS found_after,
    sum(least(0, gained_after)) FILTER (WHERE NOT covered AND NOT withdrawn) AS fixed_after,
    sum(CASE WHEN withdrawn THEN least(0, gained_after) ELSE 0 END + learnt_after) FILTER (WHERE NOT covered) AS learnt_after
FROM (
    SELECT m.*, CASE WHEN plain THEN gained WHEN gained = 0 THEN 0 WHEN learnt = 0 THEN moved
        WHEN gained > 0 THEN greatest(0, least(gained, moved)) ELSE least(0, greatest(gained, moved)) END AS gained_after,
        CASE WHEN plain THEN learnt WHEN gained = 0 THEN moved WHEN learnt = 0 THEN 0
        ELSE moved - CASE WHEN gained > 0 THEN greatest(0, least(gained, moved)) ELSE least(0, greatest(gained, moved)) END END AS learnt_after
    FROM (
        SELECT c.machine_id, k.recommendation_id IS NOT NULL AS covered, t.recommendation_id IS NOT NULL AS withdrawn,
            CASE WHEN abs(c.known - c.before) > 1e-12 * greatest(1, c.before) THEN c.known - c.before ELSE 0 END AS gained,
            CASE WHEN abs(coalesce(c.base, 0) - c.known) > 1e-12 * greatest(1, c.known) THEN coalesce(c.base, 0) - c.known ELSE 0 END AS learnt,
            coalesce(c.base, 0) - coalesce(c.relief, 0) - c.before + coalesce(c.relief_before, 0) AS moved,
            c.relief IS NULL AND c.relief_before IS NULL OR l.group_id IS DISTINCT FROM o.group_id AS plain
        FROM part_exposure_change c
        JOIN recommendations_machinescore o ON o.machine_id = c.machine_id AND (%(everything)s OR o.machine_id = ANY(%(machines)s))
        LEFT JOIN part_live l ON l.machine_id = c.machine_id
        LEFT JOIN part_covered k ON k.recommendation_id = c.recommendation_id AND k.group_id = o.group_id
        LEFT JOIN part_withdrawn t ON t.recommendation_id = c.recommendation_id
    ) m
) m
GROUP BY machine_id
-- ;;
ANALYZE part_base_move
-- ;;
DELETE FROM recommendations_exposure o
USING part_exposure_change c
WHERE c.change = 'gone' AND c.machine_id = o.machine_id AND c.recommendation_id = o.recommendation_id
  AND (%(whole)s OR o.machine_id = ANY(%(machines)s))
-- ;;
INSERT INTO recommendations_exposure (machine_id, recommendation_id, base, relief, cleared)
SELECT machine_id, recommendation_id, base, relief, cleared FROM part_exposure_change WHERE change = 'new'
-- ;;
UPDATE recommendations_exposure o SET base = c.base, relief = c.relief, cleared = c.cleared
FROM part_exposure_change c
WHERE c.change = 'moved' AND c.machine_id = o.machine_id AND c.recommendation_id = o.recommendation_id
  AND (%(whole)s OR o.machine_id = ANY(%(machines)s))
