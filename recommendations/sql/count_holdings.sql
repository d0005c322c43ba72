-- Adds to part_holding, times `sign`: machines of a group per version, per software installed and per software exposed, among
-- `machines` (or all), as the last computation left them. Run before a rebuild with -1 and after it with 1, the sum is
-- the change. Keyed (kind, id, group): kind 0 version, 1 software installed, 2 software exposed.
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
-- ;;
INSERT INTO part_holding (kind, id, group_id, machines)
SELECT 2, h.software_id, h.group_id, %(sign)s * count(*)
FROM (
    SELECT DISTINCT e.machine_id, b.group_id, r.software_id
    FROM recommendations_exposure e
    JOIN recommendations_machinebasis b ON b.machine_id = e.machine_id
    JOIN recommendations_recommendation r ON r.id = e.recommendation_id
    WHERE %(everything)s OR e.machine_id = ANY(%(machines)s)
) h
GROUP BY h.software_id, h.group_id
