-- Makes the installations of known machines what was copied to incoming_installation: absent ones of the covered parts
-- go, new ones come, the rest is not written. Keyed by machine; reads the machine's installations once.
-- Returns a row for each machine that changed: a software with a version gone and a version new counts as changed.
WITH scope AS (
    SELECT s.machine_id, string_to_array(s.covers, chr(31)) AS covers
    FROM unnest(%(machine_ids)s::integer[], %(covers)s::text[]) AS s (machine_id, covers)
),
gone AS (
    DELETE FROM inventory_installation i
    USING scope, inventory_version v, inventory_software s
    WHERE i.machine_id = scope.machine_id
      AND v.id = i.version_id
      AND s.id = v.software_id
      AND (s.ecosystem = ANY(scope.covers) OR s.ecosystem || '/' || s.vendor = ANY(scope.covers))
      AND NOT EXISTS (
          SELECT FROM incoming_installation n
          WHERE n.machine_id = i.machine_id AND n.version_id = i.version_id AND n.mode <> '-'
      )
    RETURNING i.machine_id, i.version_id, v.software_id
),
taken AS (
    DELETE FROM inventory_installation i
    USING incoming_installation n, inventory_version v
    WHERE n.mode = '-'
      AND i.machine_id = n.machine_id
      AND i.version_id = n.version_id
      AND v.id = i.version_id
      AND NOT EXISTS (
          SELECT FROM inventory_installationevidence e
          WHERE e.machine_id = i.machine_id AND e.version_id = i.version_id AND NOT e.evidence::text[] <@ n.evidence
      )
    RETURNING i.machine_id, i.version_id, v.software_id
),
come AS (
    INSERT INTO inventory_installation (machine_id, version_id, first_seen)
    SELECT n.machine_id, n.version_id, %(now)s
    FROM incoming_installation n
    WHERE n.mode <> '-'
      AND NOT EXISTS (
          SELECT FROM inventory_installation i WHERE i.machine_id = n.machine_id AND i.version_id = n.version_id
      )
    ON CONFLICT DO NOTHING
    RETURNING machine_id, version_id
),
unseen AS (
    DELETE FROM inventory_installationevidence e
    USING (SELECT machine_id, version_id FROM gone UNION ALL SELECT machine_id, version_id FROM taken) g
    WHERE e.machine_id = g.machine_id AND e.version_id = g.version_id
),
per_software AS (
    SELECT machine_id, software_id, sum(added) AS added, sum(removed) AS removed
    FROM (
        SELECT machine_id, software_id, 0 AS added, 1 AS removed FROM gone
        UNION ALL
        SELECT machine_id, software_id, 0, 1 FROM taken
        UNION ALL
        SELECT c.machine_id, v.software_id, 1, 0 FROM come c JOIN inventory_version v ON v.id = c.version_id
    ) AS moves
    GROUP BY machine_id, software_id
)
SELECT machine_id,
       sum(added - least(added, removed))::integer AS added,
       sum(least(added, removed))::integer AS changed,
       sum(removed - least(added, removed))::integer AS removed
FROM per_software
GROUP BY machine_id
