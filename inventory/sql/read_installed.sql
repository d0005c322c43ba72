-- What is installed on machines, a row each. Keyed by machine; each one's rows are read through its own key, in one partition
-- where it is one machine (`only`). `versions` and `seen`: ids parted by commas; `evidence`: JSON, in the order of `seen`.
SELECT scope.machine_id, coalesce(i.versions, '') AS versions, coalesce(e.seen, '') AS seen, coalesce(e.evidence, '[]') AS evidence
FROM unnest(%(machine_ids)s::integer[]) AS scope (machine_id)
CROSS JOIN LATERAL (
    SELECT string_agg(version_id::text, ',') AS versions
    FROM inventory_installation
    WHERE machine_id = scope.machine_id AND (machine_id = %(only)s OR %(only)s::integer IS NULL)
) i
CROSS JOIN LATERAL (
    SELECT string_agg(version_id::text, ',') AS seen, json_agg(evidence)::text AS evidence
    FROM inventory_installationevidence
    WHERE machine_id = scope.machine_id AND (machine_id = %(only)s OR %(only)s::integer IS NULL)
) e
