-- Adds to part_holding, times `sign`: machines of a group per version (kind 0) and per software installed (kind 1), among
-- `machines` (or all), as the last computation left them. Counted before a rebuild with -1 and after it with 1, the sum
-- is the change.
INSERT INTO part_holding (kind, id, group_id, machines)
SELECT 0, v.version_id, b.group_id, %(sign)s * count(*)
FROM recommendations_machinebasis b CROSS JOIN unnest(b.versions) AS v(version_id)
WHERE %(everything)s OR b.machine_id = ANY(%(machines)s)
GROUP BY v.version_id, b.group_id
-- ;;
INSERT INTO part_holding (kind, id, group_id, machines)
SELECT 1, h.software_id, h.group_id, %(sign)s * count(*)
FROM (
    SELECT DISTINCT b.machine_id, b.group_id, v.software_id
    FROM recommendations_machinebasis b CROSS JOIN unnest(b.versions) AS i(version_id) JOIN inventory_version v ON v.id = i.version_id
    WHERE %(everything)s OR b.machine_id = ANY(%(machines)s)
) h
GROUP BY h.software_id, h.group_id
