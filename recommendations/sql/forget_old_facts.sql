-- Every machine now rests on the facts of this run's step, or newer ones: of the software of part_restated, one row for each weakness that a version has stays in weakness_basis.
DELETE FROM recommendations_weaknessbasis o
USING recommendations_weaknessbasis n
WHERE n.software_id = o.software_id AND n.weakness_id = o.weakness_id AND n.step > o.step AND n.step <= %(step)s
  AND o.software_id IN (SELECT v.software_id FROM part_restated t JOIN inventory_version v ON v.id = t.version_id)
-- ;;
DELETE FROM recommendations_weaknessbasis o
WHERE o.software_id IN (SELECT v.software_id FROM part_restated t JOIN inventory_version v ON v.id = t.version_id)
  AND NOT EXISTS (SELECT FROM part_pair p WHERE p.software_id = o.software_id AND p.weakness_id = o.weakness_id)
  AND o.step <= %(step)s
