-- recommendation_day and score_day of one day from the stats; keyed (day, recommendation, group) and (day, group).
DELETE FROM recommendations_recommendationday d
WHERE d.day = %(day)s AND NOT EXISTS (
    SELECT FROM recommendations_recommendationstat s WHERE s.recommendation_id = d.recommendation_id AND s.group_id = d.group_id)
-- ;;
INSERT INTO recommendations_recommendationday (day, recommendation_id, group_id, exposed, installed, impact)
SELECT %(day)s, recommendation_id, group_id, exposed, installed, impact FROM recommendations_recommendationstat
ON CONFLICT (day, recommendation_id, group_id) DO UPDATE SET exposed = EXCLUDED.exposed, installed = EXCLUDED.installed, impact = EXCLUDED.impact
WHERE (recommendations_recommendationday.exposed, recommendations_recommendationday.installed, recommendations_recommendationday.impact)
    IS DISTINCT FROM (EXCLUDED.exposed, EXCLUDED.installed, EXCLUDED.impact)
-- ;;
DELETE FROM recommendations_scoreday d
WHERE d.day = %(day)s AND NOT EXISTS (SELECT FROM recommendations_groupscore s WHERE s.group_id = d.group_id)
-- ;;
INSERT INTO recommendations_scoreday (day, group_id, machines, weight, exposure, exposure_after, none, low, medium, high)
SELECT %(day)s, group_id, machines, weight, exposure, exposure_after, none, low, medium, high FROM recommendations_groupscore
ON CONFLICT (day, group_id) DO UPDATE SET machines = EXCLUDED.machines, weight = EXCLUDED.weight, exposure = EXCLUDED.exposure,
    exposure_after = EXCLUDED.exposure_after, none = EXCLUDED.none, low = EXCLUDED.low, medium = EXCLUDED.medium, high = EXCLUDED.high
