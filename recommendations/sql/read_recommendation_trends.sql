-- Exposed machines of some recommendations at the end of each of the last recorded days, as one array each, oldest first.
-- A recorded day without a row is a day on which nothing was exposed.
-- Key: recommendation. Cost: recommendations x groups x days, by the index on (recommendation, day).
WITH days AS (
    SELECT DISTINCT day
    FROM recommendations_scoreday
    WHERE day > (SELECT max(day) FROM recommendations_scoreday) - %(days)s::int
), sums AS (
    SELECT d.recommendation_id, d.day, sum(d.exposed)::int AS exposed
    FROM recommendations_recommendationday d
    WHERE d.recommendation_id = ANY(%(ids)s) AND d.group_id = ANY(%(groups)s) AND d.day >= (SELECT min(day) FROM days)
    GROUP BY d.recommendation_id, d.day
)
SELECT r.id, array_agg(days.day ORDER BY days.day) AS days, array_agg(coalesce(s.exposed, 0) ORDER BY days.day) AS exposed
FROM unnest(%(ids)s::int[]) AS r(id)
CROSS JOIN days
LEFT JOIN sums s ON s.recommendation_id = r.id AND s.day = days.day
GROUP BY r.id
