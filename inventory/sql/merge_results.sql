-- Makes the results of machines what was reported: absent ones of the covered scopes go, new and changed ones come, the rest
-- is not written. A scope is a check's source, or source and benchmark: source/external_id begins with scope/.
-- Keyed by machine, each machine's rows are read through its own key. Returns how many results changed, a row a changed machine.
WITH scope AS MATERIALIZED (
    SELECT s.machine_id, CASE WHEN s.scopes = '' THEN '{}' ELSE string_to_array(s.scopes, chr(31)) END AS scopes
    FROM unnest(%(machine_ids)s::integer[], %(scopes)s::text[]) AS s (machine_id, scopes)
),
said AS MATERIALIZED (
    SELECT r.machine_id, r.configuration_id, r.passed
    FROM unnest(%(result_machines)s::integer[], %(checks)s::integer[], %(passed)s::boolean[]) AS r (machine_id, configuration_id, passed)
),
stored AS MATERIALIZED (
    SELECT r.machine_id, r.configuration_id, r.passed,
           EXISTS (SELECT FROM unnest(scope.scopes) w WHERE starts_with(c.source || '/' || c.external_id, w || '/')) AS covered
    FROM scope
    CROSS JOIN LATERAL (
        SELECT machine_id, configuration_id, passed FROM inventory_configurationresult WHERE machine_id = scope.machine_id OFFSET 0
    ) r
    JOIN inventory_configuration c ON c.id = r.configuration_id
),
gone AS (
    DELETE FROM inventory_configurationresult o
    USING stored s
    WHERE o.machine_id = s.machine_id AND o.configuration_id = s.configuration_id AND s.covered
      AND NOT EXISTS (SELECT FROM said n WHERE n.machine_id = s.machine_id AND n.configuration_id = s.configuration_id)
    RETURNING o.machine_id
),
come AS (
    INSERT INTO inventory_configurationresult (machine_id, configuration_id, passed, changed_at)
    SELECT n.machine_id, n.configuration_id, n.passed, %(now)s
    FROM said n
    LEFT JOIN stored s ON s.machine_id = n.machine_id AND s.configuration_id = n.configuration_id
    WHERE s.passed IS DISTINCT FROM n.passed
    ON CONFLICT (machine_id, configuration_id) DO UPDATE SET passed = excluded.passed, changed_at = excluded.changed_at
    RETURNING machine_id
)
SELECT machine_id, count(*)::integer AS changes FROM (SELECT machine_id FROM gone UNION ALL SELECT machine_id FROM come) m GROUP BY machine_id
