-- Exceptions by filter and value, whatever is chosen. Cost: one pass over the exceptions (thousands).
WITH listed AS (
    SELECT e.status, e.justification, coalesce(r.kind, CASE WHEN e.software_id IS NULL THEN 'weakness' ELSE 'pair' END) AS type, e.ends_at,
        e.asked_until IS NOT NULL AS asked
    FROM exceptions_riskexception e
    LEFT JOIN recommendations_recommendation r ON r.id = e.recommendation_id
    WHERE %(groups)s::bigint[] IS NULL OR e.all_machines
       OR EXISTS (SELECT FROM exceptions_exceptionpart p WHERE p.exception_id = e.id AND p.group_id = ANY(%(groups)s))
)
SELECT 'status' AS facet, status AS value, count(*)::int AS found FROM listed GROUP BY status
UNION ALL SELECT 'asked', '', count(*)::int FROM listed WHERE asked AND status <> 'pending'
UNION ALL SELECT 'justification', justification, count(*)::int FROM listed WHERE status IN ('pending', 'in_effect', 'suspended') GROUP BY justification
UNION ALL SELECT 'type', type, count(*)::int FROM listed WHERE status IN ('pending', 'in_effect', 'suspended') GROUP BY type
UNION ALL SELECT 'soon', '', count(*)::int FROM listed WHERE status = 'in_effect' AND ends_at <= %(now)s + interval '7 days'
