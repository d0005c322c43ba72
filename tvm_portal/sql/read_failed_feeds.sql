-- Feeds whose newest finished run failed, with when it first failed since it last worked. Key: feed run.
-- Cost: a step a feed on feed_run_newest_first, and its runs since the last success.
SELECT f.kind, last.error, failing.since, last.finished_at
FROM weaknesses_feed f
CROSS JOIN LATERAL (
    SELECT r.state, r.error, r.finished_at
    FROM weaknesses_feedrun r
    WHERE r.feed_id = f.kind AND r.state <> 'running'
    ORDER BY r.started_at DESC, r.id DESC
    LIMIT 1
) last
CROSS JOIN LATERAL (
    SELECT min(r.finished_at) AS since
    FROM weaknesses_feedrun r
    WHERE r.feed_id = f.kind AND r.state = 'failed'
      AND r.started_at > coalesce((SELECT max(w.started_at) FROM weaknesses_feedrun w
                                   WHERE w.feed_id = f.kind AND w.state IN ('done', 'unchanged')), '-infinity')
) failing
WHERE last.state = 'failed' AND f.enabled IS NOT FALSE
ORDER BY failing.since DESC, f.kind
