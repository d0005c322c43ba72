-- What happened to requests and exceptions of some groups, and reports of a user that were answered: for the bell, the newest first.
-- Key: the thing and its state. Cost: one pass over requests, tickets and exceptions (some thousands), index steps for the groups.
SELECT n.*
FROM (
    SELECT 'completed' AS kind, a.completed_at AS at, a.title AS subject, a.id::text AS reference, 'Every machine reports it.' AS detail,
        a.id AS activity_id, NULL::int AS recommendation_id, NULL::bigint AS exception_id
    FROM remediation_activity a WHERE a.status = 'completed' AND a.completion = 'automatic' AND a.completed_at > %(since)s
    UNION ALL
    SELECT 'overdue', (a.due_on + 1)::timestamp AT TIME ZONE 'UTC', a.title, a.id::text, a.fixed_count || ' of ' || a.target_count || ' machines are done.', a.id, NULL, NULL
    FROM remediation_activity a WHERE a.status = 'active' AND a.due_on < %(today)s AND a.due_on >= %(since)s::date
    UNION ALL
    SELECT 'ticket_failed', t.updated_at, a.title, a.id::text, left(CASE t.state WHEN 'rejected' THEN 'It was rejected' ELSE 'It could not be made' END || coalesce(': ' || nullif(t.notes, ''), '.'), 200), a.id, NULL, NULL
    FROM remediation_ticket t JOIN remediation_activity a ON a.id = t.activity_id WHERE t.state IN ('failed', 'rejected') AND t.updated_at > %(since)s
    UNION ALL
    SELECT CASE x.status WHEN 'resurfaced' THEN 'exception_resurfaced' ELSE 'exception_ending' END,
        CASE x.status WHEN 'resurfaced' THEN coalesce(x.ended_at, x.ends_at) ELSE greatest(x.starts_at, x.ends_at - interval '7 days') END,
        r.title, x.id::text,
        CASE x.status WHEN 'resurfaced' THEN 'The impact has grown past what was accepted.' ELSE 'It ends on ' || to_char(x.ends_at AT TIME ZONE 'UTC', 'FMDD Mon YYYY') || '.' END,
        NULL, CASE WHEN x.all_machines THEN x.recommendation_id END, CASE WHEN NOT x.all_machines THEN x.id END
    FROM exceptions_riskexception x JOIN recommendations_recommendation r ON r.id = x.recommendation_id
    WHERE x.status = 'in_effect' AND x.ends_at > %(now)s AND x.ends_at <= %(now)s::timestamptz + interval '7 days'
       OR x.status = 'resurfaced' AND coalesce(x.ended_at, x.ends_at) > %(since)s
    UNION ALL
    SELECT 'answered', i.answered_at, coalesce(r.title, s.name, w.cve), i.id::text, left(i.answer, 200), NULL, NULL, NULL
    FROM recommendations_inaccuracyreport i
    LEFT JOIN recommendations_recommendation r ON r.id = i.recommendation_id
    LEFT JOIN inventory_software s ON s.id = i.software_id
    LEFT JOIN weaknesses_weakness w ON w.id = i.weakness_id
    WHERE i.reported_by_id = %(user)s AND i.answered_at > %(since)s
) n
WHERE n.kind <> ALL(%(hidden)s) AND n.at > %(since)s
  AND (n.kind = 'answered'
       OR EXISTS (SELECT FROM remediation_activitytarget t JOIN inventory_machine m ON m.id = t.machine_id
                  WHERE t.activity_id = n.activity_id AND m.group_id = ANY(%(groups)s))
       OR EXISTS (SELECT FROM recommendations_recommendationstat s WHERE s.recommendation_id = n.recommendation_id AND s.group_id = ANY(%(groups)s))
       OR EXISTS (SELECT FROM exceptions_exceptionpart p WHERE p.exception_id = n.exception_id AND p.cancelled_at IS NULL AND p.group_id = ANY(%(groups)s)))
ORDER BY n.at DESC, n.kind, n.reference
LIMIT %(limit)s
