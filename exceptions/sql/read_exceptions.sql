-- A page of the subjects that have exceptions of this search and filter, each with all of those. `total`: subjects that fit.
-- Key: id, that of the newest exception. Cost: one pass over the exceptions (thousands).
WITH listed AS (
    SELECT e.*, coalesce(r.title, w.cve || coalesce(' in ' || s.name, '')) AS title,
        coalesce(r.kind, CASE WHEN e.software_id IS NULL THEN 'weakness' ELSE 'pair' END) AS type,
        coalesce(nullif(trim(u.first_name || ' ' || u.last_name), ''), u.username, 'somebody who has left') AS requester
    FROM exceptions_riskexception e
    LEFT JOIN recommendations_recommendation r ON r.id = e.recommendation_id
    LEFT JOIN weaknesses_weakness w ON w.id = e.weakness_id
    LEFT JOIN inventory_software s ON s.id = e.software_id
    LEFT JOIN core_user u ON u.id = e.requested_by_id
), fit AS (
    SELECT l.*
    FROM listed l
    WHERE (cardinality(%(patterns)s::text[]) = 0 OR concat_ws(' ', l.title, l.context, l.requester) ILIKE ALL(%(patterns)s))
      AND (%(justification)s::text[] IS NULL OR l.justification = ANY(%(justification)s))
      AND (%(type)s::text[] IS NULL OR l.type = ANY(%(type)s))
      AND (%(status)s::text[] IS NULL OR l.status = ANY(%(status)s) OR 'pending' = ANY(%(status)s) AND l.asked_until IS NOT NULL)
      AND (%(ends)s::text[] IS NULL OR l.ends_at > %(now)s AND CASE WHEN l.ends_at <= %(now)s + interval '7 days' THEN ARRAY['soon', 'month']
            WHEN l.ends_at <= %(now)s + interval '30 days' THEN ARRAY['month'] ELSE ARRAY['later'] END && %(ends)s)
      AND (%(groups)s::bigint[] IS NULL OR l.all_machines
        OR EXISTS (SELECT FROM exceptions_exceptionpart p WHERE p.exception_id = l.id AND p.group_id = ANY(%(groups)s)))
), part AS (
    SELECT f.recommendation_id, f.weakness_id, f.software_id, count(DISTINCT p.name) FILTER (WHERE p.cancelled_at IS NULL)::int AS groups,
        bool_or(p.cancelled_at IS NOT NULL) AS some_cancelled
    FROM fit f
    JOIN exceptions_exceptionpart p ON p.exception_id = f.id
    GROUP BY f.recommendation_id, f.weakness_id, f.software_id
), subject AS (
    SELECT max(f.id) AS id, f.recommendation_id, f.weakness_id, f.software_id, min(f.title) AS title, min(f.type) AS type,
        bool_or(f.all_machines) AS everywhere, bool_or(f.asked_until IS NOT NULL) AS asked,
        array_agg(f.justification ORDER BY f.status = 'in_effect' DESC, f.id DESC) AS justifications,
        array_agg(f.status ORDER BY f.status = 'in_effect' DESC, f.id DESC) AS statuses,
        array_agg(f.requester ORDER BY f.status = 'in_effect' DESC, f.id DESC) AS requesters,
        max(f.requested_at) AS requested_at, min(f.ends_at) AS ends_at
    FROM fit f
    GROUP BY f.recommendation_id, f.weakness_id, f.software_id
)
SELECT s.*, coalesce(p.groups, 0) AS groups, coalesce(p.some_cancelled, false) AS some_cancelled, count(*) OVER ()::int AS total
FROM subject s
LEFT JOIN part p ON p.recommendation_id IS NOT DISTINCT FROM s.recommendation_id AND p.weakness_id IS NOT DISTINCT FROM s.weakness_id
    AND p.software_id IS NOT DISTINCT FROM s.software_id
ORDER BY
    CASE WHEN %(sign)s > 0 THEN CASE %(by)s WHEN 'title' THEN lower(s.title) WHEN 'type' THEN s.type END END,
    CASE WHEN %(sign)s < 0 THEN CASE %(by)s WHEN 'title' THEN lower(s.title) WHEN 'type' THEN s.type END END DESC,
    %(sign)s * CASE %(by)s WHEN 'groups' THEN CASE WHEN s.everywhere THEN 1000000 ELSE coalesce(p.groups, 0) END
        WHEN 'requested' THEN extract(epoch FROM s.requested_at) WHEN 'expires' THEN extract(epoch FROM s.ends_at) ELSE 0 END,
    s.id DESC
LIMIT %(limit)s OFFSET %(offset)s
