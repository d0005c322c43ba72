-- What happened to requests, their tickets and exceptions, as occurrences. Key: the thing, its state and moment.
-- Cost: one pass over requests and exceptions (some thousands); targets are counted once for each that is told.
WITH fresh AS MATERIALIZED (
    SELECT n.*
    FROM (
        SELECT 'completed' AS kind, a.id || ':' || extract(epoch FROM a.completed_at)::bigint AS key, a.completed_at AS at, a.title AS subject,
            a.id::text AS reference, CASE a.completion WHEN 'automatic' THEN 'Every machine reports it.' ELSE 'By hand.' END AS detail,
            a.id AS activity_id, NULL::bigint AS exception_id, NULL::int AS recommendation_id, false AS everywhere
        FROM remediation_activity a WHERE a.status = 'completed' AND a.completed_at > %(since)s
        UNION ALL
        SELECT 'overdue', a.id || ':' || a.due_on, (a.due_on + 1)::timestamp AT TIME ZONE 'UTC', a.title, a.id::text,
            'It was due on ' || to_char(a.due_on, 'FMDD Mon YYYY') || '; ' || a.fixed_count || ' of ' || a.target_count || ' machines are done.', a.id, NULL, NULL, false
        FROM remediation_activity a WHERE a.status = 'active' AND a.due_on < %(today)s AND a.due_on >= %(since)s::date - 1
        UNION ALL
        SELECT 'ticket_failed', t.id || ':' || t.state, t.updated_at, a.title, a.id::text,
            left(CASE t.state WHEN 'rejected' THEN 'It was rejected' ELSE 'It could not be made' END || coalesce(': ' || nullif(t.notes, ''), ''), 300), a.id, NULL, NULL, false
        FROM remediation_ticket t JOIN remediation_activity a ON a.id = t.activity_id WHERE t.state IN ('failed', 'rejected') AND t.updated_at > %(since)s
        UNION ALL
        SELECT CASE x.status WHEN 'in_effect' THEN 'exception_ending' WHEN 'resurfaced' THEN 'exception_resurfaced' WHEN 'expired' THEN 'exception_expired' ELSE 'exception_waiting' END,
            x.id || ':' || x.status || ':' || extract(epoch FROM CASE WHEN x.status = 'in_effect' THEN x.ends_at ELSE coalesce(x.ended_at, x.starts_at) END)::bigint,
            CASE WHEN x.status = 'in_effect' THEN greatest(x.starts_at, x.ends_at - interval '7 days') WHEN x.status IN ('expired', 'resurfaced') THEN coalesce(x.ended_at, x.ends_at) ELSE %(now)s END,
            r.title, x.id::text,
            CASE x.status WHEN 'in_effect' THEN 'It ends on ' || to_char(x.ends_at AT TIME ZONE 'UTC', 'FMDD Mon YYYY') || '.' WHEN 'resurfaced' THEN 'The impact has grown past what was accepted.' ELSE '' END,
            NULL, x.id, x.recommendation_id, x.all_machines
        FROM exceptions_riskexception x JOIN recommendations_recommendation r ON r.id = x.recommendation_id
        WHERE x.status = 'in_effect' AND x.ends_at > %(now)s AND x.ends_at <= %(now)s::timestamptz + interval '7 days'
           OR x.status IN ('expired', 'resurfaced') AND coalesce(x.ended_at, x.ends_at) > %(since)s
           OR x.status IN ('pending', 'waiting', 'requested')
    ) n
    WHERE NOT EXISTS (SELECT FROM tvm_portal_occurrence o WHERE o.kind = n.kind AND o.key = n.key)
)
INSERT INTO tvm_portal_occurrence
    (kind, key, at, found_at, subject, reference, detail, weakness_ids, severities, severity, groups)
SELECT f.kind, f.key, f.at, %(now)s, f.subject, f.reference, f.detail, '{}', '{0,0,0,0,0}', 0, coalesce(places.groups, '{}'::jsonb)
FROM fresh f
LEFT JOIN LATERAL (
    SELECT jsonb_object_agg(x.group_id, jsonb_build_array(x.machines, 0)) AS groups
    FROM (
        SELECT m.group_id, count(*) AS machines
        FROM remediation_activitytarget t JOIN inventory_machine m ON m.id = t.machine_id
        WHERE t.activity_id = f.activity_id GROUP BY m.group_id
        UNION ALL
        SELECT s.group_id, s.exposed FROM recommendations_recommendationstat s
        WHERE s.recommendation_id = f.recommendation_id
          AND (f.everywhere OR s.group_id IN (SELECT p.group_id FROM exceptions_exceptionpart p WHERE p.exception_id = f.exception_id AND p.cancelled_at IS NULL))
    ) x
) places ON true
ORDER BY f.at, f.key
ON CONFLICT (kind, key) DO NOTHING
