-- Which of some versions each of some machines carries, in the order of the versions. Keyed by machine and version: each
-- machine's rows are looked up through its own key, in one partition (OFFSET 0).
SELECT m.id AS machine_id, v.version
FROM unnest(%(machine_ids)s::integer[]) AS m (id)
CROSS JOIN LATERAL (
    SELECT version_id FROM inventory_installation WHERE machine_id = m.id AND version_id = ANY(%(version_ids)s) OFFSET 0
) i
JOIN inventory_version v ON v.id = i.version_id
ORDER BY v.sort_key, v.id
