-- exposure from part_exposure, keyed (machine, recommendation), for `machines` (or all); only differences are written.
DELETE FROM recommendations_exposure o
WHERE (%(everything)s OR o.machine_id = ANY(%(machines)s))
  AND NOT EXISTS (SELECT FROM part_exposure n WHERE n.machine_id = o.machine_id AND n.recommendation_id = o.recommendation_id)
-- ;;
UPDATE recommendations_exposure o SET base = n.base
FROM part_exposure n
WHERE n.machine_id = o.machine_id AND n.recommendation_id = o.recommendation_id
  AND (%(everything)s OR o.machine_id = ANY(%(machines)s)) AND abs(n.base - o.base) > 1e-12 * greatest(1, n.base)
-- ;;
INSERT INTO recommendations_exposure (machine_id, recommendation_id, base)
SELECT n.machine_id, n.recommendation_id, n.base
FROM part_exposure n
WHERE NOT EXISTS (
    SELECT FROM recommendations_exposure o
    WHERE o.machine_id = n.machine_id AND o.recommendation_id = n.recommendation_id AND (%(everything)s OR o.machine_id = ANY(%(machines)s)))
