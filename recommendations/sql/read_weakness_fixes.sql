-- The recommendations that remove a weakness from machines of some groups. Attention is for matches without a fix, the others
-- for matches with one; uninstalling removes both. Key: recommendation. Cost: matches of one weakness.
SELECT r.id, r.key, r.title, r.kind, r.status, r.zero_day, t.exposed, t.impact * %(scale)s AS impact
FROM (
    SELECT DISTINCT s.recommendation_id
    FROM weaknesses_versionweakness m
    JOIN recommendations_versionscore s ON s.version_id = m.version_id
    JOIN recommendations_recommendation o ON o.id = s.recommendation_id
    WHERE m.weakness_id = %(weakness)s AND (o.kind = 'uninstall' OR (o.kind = 'attention') = (m.fix = 0))
) f
JOIN recommendations_recommendation r ON r.id = f.recommendation_id
JOIN LATERAL (
    SELECT sum(x.exposed)::int AS exposed, sum(x.impact) AS impact
    FROM recommendations_recommendationstat x
    WHERE x.recommendation_id = r.id AND x.group_id = ANY(%(groups)s)
) t ON t.exposed > 0
ORDER BY t.impact DESC, r.id
