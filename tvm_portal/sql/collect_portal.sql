-- What happened to the portal itself, as occurrences: feeds that fail, figures that grow old, reports of inaccuracies. They belong to no
-- machine group. Key: the feed and when it first failed; the last run; the report. Cost: a step a feed, an index step each for the others.
INSERT INTO tvm_portal_occurrence
    (kind, key, at, found_at, subject, reference, detail, weakness_ids, severities, severity, groups)
SELECT n.kind, n.key, n.at, %(now)s, left(n.subject, 300), n.reference, left(n.detail, 300), '{}', '{0,0,0,0,0}', 0, NULL
FROM (
    SELECT 'feed_failing' AS kind, f.kind || ':' || extract(epoch FROM failing.since)::bigint AS key, failing.since AS at, f.kind AS subject, f.kind AS reference, last.error AS detail
    FROM weaknesses_feed f
    CROSS JOIN LATERAL (
        SELECT r.state, r.error FROM weaknesses_feedrun r WHERE r.feed_id = f.kind AND r.state <> 'running' ORDER BY r.started_at DESC, r.id DESC LIMIT 1
    ) last
    CROSS JOIN LATERAL (
        SELECT min(r.finished_at) AS since FROM weaknesses_feedrun r
        WHERE r.feed_id = f.kind AND r.state = 'failed'
          AND r.started_at > coalesce((SELECT max(w.started_at) FROM weaknesses_feedrun w WHERE w.feed_id = f.kind AND w.state IN ('done', 'unchanged')), '-infinity')
    ) failing
    WHERE last.state = 'failed' AND f.enabled IS NOT FALSE AND failing.since IS NOT NULL
    UNION ALL
    SELECT 'data_stale', run.id::text, run.finished_at + %(stale)s, 'The figures are older than a day', '', 'The nightly computation did not finish. See the log of the worker.'
    FROM (SELECT id, finished_at FROM recommendations_run WHERE finished_at IS NOT NULL ORDER BY finished_at DESC, id DESC LIMIT 1) run
    WHERE run.finished_at + %(stale)s < %(now)s
    UNION ALL
    SELECT 'inaccuracy', i.id::text, i.reported_at, coalesce(r.title, s.name, w.cve), i.id::text, ''
    FROM recommendations_inaccuracyreport i
    LEFT JOIN recommendations_recommendation r ON r.id = i.recommendation_id
    LEFT JOIN inventory_software s ON s.id = i.software_id
    LEFT JOIN weaknesses_weakness w ON w.id = i.weakness_id
    WHERE i.reported_at > %(since)s
) n
ORDER BY n.at, n.key
ON CONFLICT (kind, key) DO NOTHING
