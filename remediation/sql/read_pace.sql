-- Machines asked for and fixed within so many days of the request, by priority, in some groups: what activities keep for all groups.
-- Only requests that are at least so many days old count for a mark. Key: (priority, days). Cost: the targets of the activities.
SELECT a.priority, k.days, count(*)::int AS asked,
       count(*) FILTER (WHERE t.fixed_at <= a.created_at + make_interval(days => k.days))::int AS fixed
FROM remediation_activity a
JOIN remediation_activitytarget t ON t.activity_id = a.id
JOIN inventory_machine m ON m.id = t.machine_id AND m.group_id = ANY(%(groups)s)
CROSS JOIN unnest(%(marks)s::int[]) AS k(days)
WHERE a.created_at > %(since)s AND a.created_at <= %(now)s - make_interval(days => k.days)
  AND (%(kinds)s::text[] = '{}' OR a.kind = ANY(%(kinds)s::text[]))
GROUP BY a.priority, k.days
ORDER BY a.priority, k.days
