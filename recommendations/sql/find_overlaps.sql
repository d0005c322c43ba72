-- part_overlap: by how much the sum of version_stat over a set of versions counts the machines of a group twice. Scores rest on what is installed
-- now, unless a machine is marked. Key: (set, group). Cost: the installations of those versions, by index.
DROP TABLE IF EXISTS part_overlap
-- ;;
CREATE TEMP TABLE part_overlap ON COMMIT DROP AS
SELECT o.id, b.group_id, sum(o.more) AS more
FROM (
    SELECT s.id, i.machine_id, count(*) - 1 AS more
    FROM part_set_version s
    JOIN inventory_installation i ON i.version_id = s.version_id
    WHERE NOT EXISTS (SELECT FROM inventory_dirtymachine d WHERE d.machine_id = i.machine_id)
    GROUP BY s.id, i.machine_id HAVING count(*) > 1
    UNION ALL
    SELECT s.id, b.machine_id, count(*) - 1
    FROM inventory_dirtymachine d
    JOIN recommendations_machinebasis b ON b.machine_id = d.machine_id
    CROSS JOIN unnest(b.versions) AS v(version_id)
    JOIN part_set_version s ON s.version_id = v.version_id
    GROUP BY s.id, b.machine_id HAVING count(*) > 1
) o
JOIN recommendations_machinebasis b ON b.machine_id = o.machine_id
GROUP BY o.id, b.group_id
