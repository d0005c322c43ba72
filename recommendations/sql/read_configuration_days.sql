-- Configuration points and maximum at the end of each day. Key: day.
-- Cost: checks x groups x days rows of recommendation_day (hundreds x 30), by the index on (recommendation, day).
SELECT t.day,
       sum(c.impact * (t.installed - t.exposed) / t.installed::float) AS points,
       sum(c.impact)::float AS maximum
FROM recommendations_recommendation r
JOIN inventory_configuration c ON c.id = r.configuration_id
CROSS JOIN LATERAL (
    SELECT d.day, sum(d.exposed) AS exposed, sum(d.installed) AS installed
    FROM recommendations_recommendationday d
    WHERE d.recommendation_id = r.id AND d.day BETWEEN %(first)s AND %(last)s AND d.group_id = ANY(%(groups)s)
    GROUP BY d.day
) t
WHERE t.installed > 0
GROUP BY t.day
ORDER BY t.day
