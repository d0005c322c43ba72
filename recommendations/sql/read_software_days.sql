-- Exposed machines of some software at the end of each day: of its recommendation that touches most machines then.
-- Key: (software, day). Cost: recommendations of these software x groups x days, by the index on (recommendation, day).
SELECT t.software_id, t.day, max(t.exposed)::int AS exposed
FROM (
    SELECT r.software_id, d.day, d.recommendation_id, sum(d.exposed) AS exposed
    FROM recommendations_recommendation r
    JOIN recommendations_recommendationday d ON d.recommendation_id = r.id
    WHERE r.software_id = ANY(%(software)s) AND d.day BETWEEN %(first)s AND %(last)s AND d.group_id = ANY(%(groups)s)
    GROUP BY r.software_id, d.day, d.recommendation_id
) t
GROUP BY t.software_id, t.day
ORDER BY t.software_id, t.day
