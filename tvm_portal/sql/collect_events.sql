-- New lines of the timeline as occurrences. Key: event. Ids decide, not times, as a line may be written late: those above the newest
-- collected one, and those left open up to a window below it. Cost: by the primary key of events; a few look-ups a new line.
-- The first time only the last week is taken.
WITH known AS (
    SELECT max(event_id) AS newest, min(event_id) AS oldest FROM tvm_portal_occurrence WHERE event_id IS NOT NULL
), fresh AS MATERIALIZED (
    SELECT e.*
    FROM weaknesses_event e, known k
    WHERE CASE WHEN k.newest IS NULL THEN e.at > %(now)s::timestamptz - interval '7 days'
          ELSE e.id > greatest(k.newest - %(window)s, k.oldest) END
      AND NOT EXISTS (SELECT FROM tvm_portal_occurrence o WHERE o.event_id = e.id)
)
INSERT INTO tvm_portal_occurrence
    (kind, key, at, found_at, subject, reference, detail, event_id, weakness_ids, severities, severity, threat, groups)
SELECT e.kind, e.id, e.at, %(now)s, left(coalesce(s.name, c.name, 'Something removed since'), 300), coalesce(s.key, 'sca-_-scid-' || c.id, ''), '', e.id,
    e.weakness_ids, coalesce(worst.counts, '{0,0,0,0,0}'), coalesce(worst.severity, 0), coalesce(worst.threat, 0), coalesce(places.groups, '{}'::jsonb)
FROM fresh e
LEFT JOIN inventory_software s ON s.id = e.software_id
LEFT JOIN inventory_configuration c ON c.id = e.configuration_id
LEFT JOIN LATERAL (
    SELECT max(w.severity) AS severity, max(CASE WHEN w.exploited THEN 9 ELSE w.exploit END) AS threat,
        ARRAY[count(*) FILTER (WHERE w.severity = 0), count(*) FILTER (WHERE w.severity = 1), count(*) FILTER (WHERE w.severity = 2),
              count(*) FILTER (WHERE w.severity = 3), count(*) FILTER (WHERE w.severity = 4)]::int[] AS counts
    FROM weaknesses_weakness w WHERE w.id = ANY(e.weakness_ids)
) worst ON true
LEFT JOIN LATERAL (
    SELECT jsonb_object_agg(x.group_id, jsonb_build_array(x.machines, x.impact)) AS groups
    FROM (
        SELECT t.group_id, CASE WHEN e.kind = 'end_of_support' THEN t.installed ELSE t.exposed END AS machines, 0 AS impact
        FROM inventory_softwarestat t WHERE t.software_id = e.software_id AND t.installed > 0
        UNION ALL
        SELECT t.group_id, t.exposed, t.impact
        FROM recommendations_recommendation r JOIN recommendations_recommendationstat t ON t.recommendation_id = r.id
        WHERE r.configuration_id = e.configuration_id
    ) x
) places ON true
ORDER BY e.id
ON CONFLICT (kind, key) DO NOTHING
