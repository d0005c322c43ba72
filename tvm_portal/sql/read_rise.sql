-- How far the exposure score of some groups rose from day to day, by the days' last figures. Key: day. Cost: a few days of score_day.
SELECT d.day, d.score, d.score - lag(d.score) OVER (ORDER BY d.day) AS rise
FROM (
    SELECT day, 100 * sum(exposure) / nullif(sum(weight), 0) AS score
    FROM recommendations_scoreday
    WHERE day >= %(first)s::date - 1 AND day <= %(last)s AND (%(everywhere)s OR group_id = ANY(%(groups)s::int[]))
    GROUP BY day
) d
ORDER BY d.day
