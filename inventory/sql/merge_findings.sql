-- Makes the second opinions of scanners on machines what was reported: absent ones of the covered scanners go, new and
-- changed ones come, the rest is not written. Keyed by machine; each machine's rows are read through its own key.
-- Returns how many changed, a row a changed machine.
WITH scope AS MATERIALIZED (
    SELECT s.machine_id, string_to_array(s.scanners, chr(31)) AS scanners
    FROM unnest(%(machine_ids)s::integer[], %(scanners)s::text[]) AS s (machine_id, scanners)
),
said AS MATERIALIZED (
    SELECT *
    FROM unnest(
        %(finding_machines)s::integer[], %(versions)s::integer[], %(sources)s::text[], %(weaknesses)s::text[],
        %(severities)s::text[], %(fixes)s::text[]
    ) AS r (machine_id, version_id, source, weakness, severity, fixed)
),
stored AS MATERIALIZED (
    SELECT f.*, f.source = ANY(scope.scanners) AS covered
    FROM scope
    CROSS JOIN LATERAL (
        SELECT id, machine_id, version_id, source, weakness, severity, fixed
        FROM inventory_finding WHERE machine_id = scope.machine_id OFFSET 0
    ) f
),
gone AS (
    DELETE FROM inventory_finding o
    USING stored s
    WHERE o.id = s.id AND s.covered AND NOT EXISTS (
        SELECT FROM said n
        WHERE n.machine_id = s.machine_id AND n.source = s.source AND n.version_id = s.version_id AND n.weakness = s.weakness
    )
    RETURNING o.machine_id
),
come AS (
    INSERT INTO inventory_finding (machine_id, version_id, weakness, source, severity, fixed, first_seen)
    SELECT n.machine_id, n.version_id, n.weakness, n.source, n.severity, n.fixed, %(now)s
    FROM said n
    LEFT JOIN stored s
        ON s.machine_id = n.machine_id AND s.source = n.source AND s.version_id = n.version_id AND s.weakness = n.weakness
    WHERE (s.severity, s.fixed) IS DISTINCT FROM (n.severity, n.fixed)
    ON CONFLICT (machine_id, source, version_id, weakness) DO UPDATE SET severity = excluded.severity, fixed = excluded.fixed
    RETURNING machine_id
)
SELECT machine_id, count(*)::integer AS changes FROM (SELECT machine_id FROM gone UNION ALL SELECT machine_id FROM come) m GROUP BY machine_id
