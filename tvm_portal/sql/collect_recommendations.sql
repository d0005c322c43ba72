-- Recommendations that came, were closed, became a zero day, or got the patch for one, as occurrences. Key: recommendation and moment.
-- Cost: one pass over recommendations (some 10,000), a step on an index for each that moved in the last days.
-- Those of the very first run are not news.
WITH begun AS (
    SELECT min(finished_at) AS at FROM recommendations_run WHERE kind = 'full'
), fresh AS MATERIALIZED (
    SELECT n.*
    FROM (
        SELECT r.id, r.key AS reference, r.title, r.first_seen AS at, 'new_recommendation' AS kind, '' AS detail,
            r.id || ':' || extract(epoch FROM r.first_seen)::bigint AS key
        FROM recommendations_recommendation r
        WHERE r.present AND r.first_seen > %(since)s AND r.first_seen > (SELECT at FROM begun)
        UNION ALL
        SELECT r.id, r.key, r.title, r.resolved_at, 'closed_recommendation', '', r.id || ':' || extract(epoch FROM r.resolved_at)::bigint
        FROM recommendations_recommendation r
        WHERE NOT r.present AND r.resolved_at > %(since)s AND r.resolved_at > (SELECT at FROM begun)
        UNION ALL
        SELECT r.id, r.key, r.title, coalesce((SELECT max(e.at) FROM weaknesses_event e WHERE e.software_id = r.software_id AND e.kind <> 'fixed'), r.first_seen),
            'zero_day', '', r.id || ':' || (SELECT count(*) FROM tvm_portal_occurrence p WHERE p.kind = 'patched' AND p.key LIKE r.id || ':%%')
        FROM recommendations_recommendation r
        WHERE r.present AND r.zero_day
        UNION ALL
        SELECT u.id, u.key, u.title, %(now)s, 'patched', r.component, o.key
        FROM tvm_portal_occurrence o
        JOIN recommendations_recommendation r ON r.key = o.reference AND NOT (r.present AND r.zero_day)
        JOIN recommendations_recommendation u ON u.software_id = r.software_id AND u.present AND u.kind IN ('update', 'upgrade')
        WHERE o.kind = 'zero_day'
    ) n
    WHERE NOT EXISTS (SELECT FROM tvm_portal_occurrence o WHERE o.kind = n.kind AND o.key = n.key)
)
INSERT INTO tvm_portal_occurrence
    (kind, key, at, found_at, subject, reference, detail, weakness_ids, severities, severity, groups)
SELECT f.kind, f.key, f.at, %(now)s, f.title, f.reference, f.detail, '{}', '{0,0,0,0,0}', 0, coalesce(places.groups, '{}'::jsonb)
FROM fresh f
LEFT JOIN LATERAL (
    SELECT jsonb_object_agg(x.group_id, jsonb_build_array(x.exposed, x.impact)) AS groups
    FROM (
        SELECT t.group_id, t.exposed, t.impact FROM recommendations_recommendationstat t
        WHERE t.recommendation_id = f.id AND t.exposed > 0 AND f.kind <> 'closed_recommendation'
        UNION ALL
        SELECT d.group_id, 0, d.impact FROM recommendations_recommendationday d
        WHERE d.recommendation_id = f.id AND f.kind = 'closed_recommendation'
          AND d.day = (SELECT max(l.day) FROM recommendations_recommendationday l WHERE l.recommendation_id = f.id AND l.exposed > 0)
    ) x
) places ON true
ORDER BY f.at, f.kind, f.id
ON CONFLICT (kind, key) DO NOTHING
