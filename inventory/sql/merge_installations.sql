-- Makes the installations of known machines what was copied to incoming_installation: absent ones of the covered parts
-- go, new ones come, the rest is not written. Keyed by machine. Each machine's rows are read through its own key, in one
-- partition (OFFSET 0 keeps the planner from reading the whole table for a large batch).
-- `only`: the machine, where it is one; the planner then leaves all partitions but its own aside.
-- A differential removal takes an installation only when no other evidence of it is left.
-- Returns a row for each machine that changed: a software with a version gone and a version new counts as changed.
WITH scope AS MATERIALIZED (
    SELECT s.machine_id, string_to_array(s.covers, chr(31)) AS covers
    FROM unnest(%(machine_ids)s::integer[], %(covers)s::text[]) AS s (machine_id, covers)
),
installed AS MATERIALIZED (
    SELECT i.machine_id, i.version_id
    FROM scope
    CROSS JOIN LATERAL (
        SELECT machine_id, version_id 
        FROM inventory_installation
        WHERE machine_id = scope.machine_id AND (machine_id = %(only)s OR %(only)s::integer IS NULL)
        OFFSET 0
    ) i
),
unsaid AS MATERIALIZED (
    SELECT i.machine_id, i.version_id, n.mode
    FROM installed i
    LEFT JOIN incoming_installation n ON n.machine_id = i.machine_id AND n.version_id = i.version_id
    WHERE n.version_id IS NULL
       OR (n.mode = '-' AND NOT EXISTS (
            SELECT FROM inventory_installationevidence e
            WHERE e.machine_id = i.machine_id AND e.version_id = i.version_id AND NOT e.evidence::text[] <@ n.evidence
              AND (e.machine_id = %(only)s OR %(only)s::integer IS NULL)
       ))
),
going AS MATERIALIZED (
    SELECT u.machine_id, u.version_id, v.software_id
    FROM unsaid u
    JOIN scope ON scope.machine_id = u.machine_id
    JOIN inventory_version v ON v.id = u.version_id
    JOIN inventory_software s ON s.id = v.software_id
    WHERE u.mode = '-' OR s.ecosystem = ANY(scope.covers) OR s.ecosystem || '/' || s.vendor = ANY(scope.covers)
),
gone AS (
    DELETE FROM inventory_installation i
    USING going g
    WHERE i.machine_id = g.machine_id AND i.version_id = g.version_id AND (i.machine_id = %(only)s OR %(only)s::integer IS NULL)
),
unseen AS (
    DELETE FROM inventory_installationevidence e
    USING going g
    WHERE e.machine_id = g.machine_id AND e.version_id = g.version_id AND (e.machine_id = %(only)s OR %(only)s::integer IS NULL)
),
come AS (
    INSERT INTO inventory_installation (machine_id, version_id, first_seen)
    SELECT n.machine_id, n.version_id, %(now)s
    FROM incoming_installation n
    LEFT JOIN installed i ON i.machine_id = n.machine_id AND i.version_id = n.version_id
    WHERE n.mode <> '-' AND i.version_id IS NULL
    ON CONFLICT DO NOTHING
    RETURNING machine_id, version_id
),
moves AS (
    SELECT machine_id, software_id, 0 AS added, 1 AS removed FROM going
    UNION ALL
    SELECT c.machine_id, (SELECT v.software_id FROM inventory_version v WHERE v.id = c.version_id), 1, 0 FROM come c
),
per_software AS (
    SELECT machine_id, software_id, sum(added) AS added, sum(removed) AS removed FROM moves GROUP BY machine_id, software_id
)
SELECT machine_id,
       sum(added - least(added, removed))::integer AS added,
       sum(least(added, removed))::integer AS changed,
       sum(removed - least(added, removed))::integer AS removed
FROM per_software
GROUP BY machine_id
