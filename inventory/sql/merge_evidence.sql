-- Where each installation was seen, changed rows only. Keyed by machine and version; each machine's rows are read through
-- its own key, in one partition where it is one machine (`only`). Differential rows add to what is known, or take from it.
WITH known AS MATERIALIZED (
    SELECT e.machine_id, e.version_id, e.evidence::text[] AS evidence
    FROM unnest(%(machine_ids)s::integer[]) AS scope (machine_id)
    CROSS JOIN LATERAL (
        SELECT machine_id, version_id, evidence
        FROM inventory_installationevidence
        WHERE machine_id = scope.machine_id AND (machine_id = %(only)s OR %(only)s::integer IS NULL)
        OFFSET 0
    ) e
),
said AS (
    SELECT n.machine_id, n.version_id, k.evidence AS before,
           CASE
               WHEN n.mode = '=' OR k.evidence IS NULL THEN n.evidence
               WHEN n.mode = '+' THEN k.evidence || ARRAY(SELECT x FROM unnest(n.evidence) x WHERE x <> ALL(k.evidence))
               ELSE ARRAY(SELECT x FROM unnest(k.evidence) x WHERE x <> ALL(n.evidence))
           END AS evidence
    FROM incoming_installation n
    LEFT JOIN known k ON k.machine_id = n.machine_id AND k.version_id = n.version_id
    WHERE n.evidence <> '{}' AND (n.mode <> '-' OR k.evidence IS NOT NULL)
)
INSERT INTO inventory_installationevidence (machine_id, version_id, evidence)
SELECT machine_id, version_id, evidence FROM said WHERE evidence IS DISTINCT FROM before
ON CONFLICT (machine_id, version_id) DO UPDATE SET evidence = excluded.evidence
