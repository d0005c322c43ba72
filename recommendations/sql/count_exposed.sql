-- The same for software that machines are exposed by (kind 2), from the stored exposures.
INSERT INTO part_holding (kind, id, group_id, machines)
SELECT 2, h.software_id, h.group_id, %(sign)s * count(*)
FROM (
    SELECT DISTINCT e.machine_id, b.group_id, r.software_id
    FROM recommendations_exposure e
    JOIN recommendations_machinebasis b ON b.machine_id = e.machine_id
    JOIN recommendations_recommendation r ON r.id = e.recommendation_id
    WHERE (%(whole)s OR e.machine_id = ANY(%(machines)s)) AND (%(everything)s OR b.machine_id = ANY(%(machines)s))
) h
GROUP BY h.software_id, h.group_id
