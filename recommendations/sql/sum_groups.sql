-- Adds to part_group, times `sign`, what `machines` (or all) contribute to group_score, from the stored scores.
INSERT INTO part_group
SELECT s.group_id, %(sign)s * count(*), %(sign)s * sum(s.weight), %(sign)s * sum(s.weight * s.hazard / (s.hazard + %(half_hazard)s)),
    %(sign)s * sum(s.weight * s.hazard_after / (s.hazard_after + %(half_hazard)s)),
    %(sign)s * count(*) FILTER (WHERE s.level = 0), %(sign)s * count(*) FILTER (WHERE s.level = 1),
    %(sign)s * count(*) FILTER (WHERE s.level = 2), %(sign)s * count(*) FILTER (WHERE s.level = 3),
    %(sign)s * count(*) FILTER (WHERE b.versions = '{}')
FROM recommendations_machinescore s
JOIN recommendations_machinebasis b ON b.machine_id = s.machine_id
WHERE %(everything)s OR s.machine_id = ANY(%(machines)s) AND b.machine_id = ANY(%(machines)s)
GROUP BY s.group_id
