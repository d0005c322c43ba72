-- weakness.exposed_count moved by machines whose versions changed (part_before against machine_basis): only weaknesses
-- of versions that came or went can change on a machine.
WITH machine AS (
    SELECT coalesce(o.machine_id, n.machine_id) AS machine_id, coalesce(o.versions, '{}') AS old, coalesce(n.versions, '{}') AS new
    FROM part_before o
    FULL JOIN (SELECT machine_id, versions FROM recommendations_machinebasis WHERE machine_id = ANY(%(machines)s)) n ON n.machine_id = o.machine_id
), moved AS (
    SELECT m.machine_id, v.version_id
    FROM machine m CROSS JOIN LATERAL (
        (SELECT unnest(m.old) EXCEPT SELECT unnest(m.new)) UNION ALL (SELECT unnest(m.new) EXCEPT SELECT unnest(m.old))
    ) v(version_id)
), candidate AS (
    SELECT DISTINCT m.machine_id, x.weakness_id
    FROM moved m JOIN weaknesses_versionweakness x ON x.version_id = m.version_id
), held AS (
    SELECT c.weakness_id, bool_or(x.version_id = ANY(m.new))::int - bool_or(x.version_id = ANY(m.old))::int AS step
    FROM candidate c
    JOIN machine m ON m.machine_id = c.machine_id
    JOIN weaknesses_versionweakness x ON x.weakness_id = c.weakness_id
    GROUP BY c.machine_id, c.weakness_id
), change AS (
    SELECT weakness_id, sum(step) AS machines FROM held GROUP BY weakness_id HAVING sum(step) <> 0
)
UPDATE weaknesses_weakness w SET exposed_count = greatest(0, w.exposed_count + c.machines)
FROM change c WHERE c.weakness_id = w.id AND NOT w.rejected
