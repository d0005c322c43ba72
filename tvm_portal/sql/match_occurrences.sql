-- Occurrences that a rule tells of, with how many machines of its groups they concern and how many points of its groups' score.
-- Key: occurrence. Cost: by the primary key from `after`, or by occurrence_newest_first from `since`; the groups of each are in its row.
SELECT o.id, o.kind, o.threat, o.severity, o.at, o.found_at, here.machines, 100 * here.impact / nullif(%(weight)s::float, 0) AS points
FROM tvm_portal_occurrence o
CROSS JOIN LATERAL (
    SELECT count(*) AS places, coalesce(sum((g.value ->> 0)::float), 0)::int AS machines, coalesce(sum((g.value ->> 1)::float), 0) AS impact
    FROM jsonb_each(coalesce(o.groups, '{}'::jsonb)) g
    WHERE %(everywhere)s OR g.key = ANY(%(groups)s)
) here
WHERE o.id > %(after)s AND (%(up_to)s::bigint IS NULL OR o.id <= %(up_to)s) AND (%(since)s::timestamptz IS NULL OR o.at > %(since)s)
  AND o.kind = ANY(%(kinds)s) AND (o.rule_id IS NULL OR o.rule_id = %(rule)s)
  AND (o.groups IS NULL OR here.machines > 0 OR o.kind = ANY(%(gone)s) AND (here.places > 0 OR %(everywhere)s))
  AND (o.kind <> 'new_weakness' OR o.severity >= %(severity)s)
  AND (o.kind <> ALL(%(weighed)s) OR 100 * here.impact / nullif(%(weight)s::float, 0) >= %(impact)s)
ORDER BY o.id
