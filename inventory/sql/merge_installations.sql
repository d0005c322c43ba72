-- Stores what differs on known machines, which the caller has locked. Keyed by machine and version; what is the same is not touched.
-- `only`: the machine, where it is one; the planner then leaves all partitions but its own aside.
-- What was not said goes only where the report is complete for its part (`covers`: ecosystems, or ecosystem/vendor, by machine).
-- Returns a row for each machine that changed: a software with a version gone and a version new counts as changed.
WITH scope AS MATERIALIZED (
    SELECT s.machine_id, string_to_array(s.covers, chr(31)) AS covers
    FROM unnest(%(machine_ids)s::integer[], %(covers)s::text[]) AS s (machine_id, covers)
),
going AS MATERIALIZED (
    SELECT u.machine_id, u.version_id, v.software_id
    FROM unnest(%(unsaid_machines)s::integer[], %(unsaid_versions)s::integer[]) AS u (machine_id, version_id)
    JOIN scope ON scope.machine_id = u.machine_id
    JOIN inventory_version v ON v.id = u.version_id
    JOIN inventory_software s ON s.id = v.software_id
    WHERE s.ecosystem = ANY(scope.covers) OR s.ecosystem || '/' || s.vendor = ANY(scope.covers)
    UNION
    SELECT g.machine_id, g.version_id, v.software_id
    FROM unnest(%(gone_machines)s::integer[], %(gone_versions)s::integer[]) AS g (machine_id, version_id)
    JOIN inventory_version v ON v.id = g.version_id
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
    SELECT c.machine_id, c.version_id, %(now)s
    FROM unnest(%(come_machines)s::integer[], %(come_versions)s::integer[]) AS c (machine_id, version_id)
    ON CONFLICT DO NOTHING
    RETURNING machine_id, version_id
),
seen AS (
    INSERT INTO inventory_installationevidence (machine_id, version_id, evidence)
    SELECT machine_id, version_id, evidence
    FROM jsonb_to_recordset(%(seen)s::jsonb) AS r (machine_id integer, version_id integer, evidence text[])
    ON CONFLICT (machine_id, version_id) DO UPDATE SET evidence = excluded.evidence
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
