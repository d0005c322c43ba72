-- The last touches from the stats: checks that some machine fails are present, and exceptions give the status.
UPDATE recommendations_recommendation o
SET title = c.name, component = n.component, category = c.category, present = n.present,
    first_seen = CASE WHEN n.present AND NOT o.present AND o.resolved_at IS NULL THEN %(now)s ELSE o.first_seen END,
    resolved_at = CASE WHEN n.present THEN NULL WHEN o.present THEN %(now)s ELSE o.resolved_at END
FROM inventory_configuration c
JOIN LATERAL (
    SELECT EXISTS (SELECT FROM recommendations_recommendationstat s JOIN recommendations_recommendation r ON r.id = s.recommendation_id
                   WHERE r.configuration_id = c.id AND s.exposed > 0) AS present,
        CASE c.category WHEN 'application' THEN 'Application' WHEN 'os' THEN 'Operating system' WHEN 'network' THEN 'Network'
            WHEN 'accounts' THEN 'Accounts' ELSE 'Security controls' END || CASE WHEN c.subcategory = '' THEN '' ELSE ' (' || c.subcategory || ')' END AS component
) n ON true
WHERE c.id = o.configuration_id
  AND (o.title, o.component, o.category, o.present) IS DISTINCT FROM (c.name, n.component, c.category, n.present)
-- ;;
-- exception: every group with exposed machines is covered, or all are; partial: some group is.
UPDATE recommendations_recommendation o SET status = n.status
FROM (
    SELECT r.id, CASE
        WHEN e.id IS NULL THEN 'active'
        WHEN e.everywhere OR NOT EXISTS (
            SELECT FROM recommendations_recommendationstat s
            WHERE s.recommendation_id = r.id AND s.exposed > 0 AND s.group_id <> ALL(e.groups)) THEN 'exception'
        ELSE 'partial' END AS status
    FROM recommendations_recommendation r
    LEFT JOIN (
        SELECT recommendation_id AS id, bool_or(group_id IS NULL) AS everywhere, coalesce(array_agg(group_id) FILTER (WHERE group_id IS NOT NULL), '{}') AS groups
        FROM recommendations_exceptioneffect GROUP BY recommendation_id
    ) e ON e.id = r.id
    WHERE e.id IS NOT NULL OR r.status <> 'active'
) n
WHERE n.id = o.id AND o.status <> n.status
