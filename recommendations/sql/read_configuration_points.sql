-- Configuration points of each category: sum of impact x compliant / applicable over the checks that apply somewhere, plain and
-- after exceptions (what a mitigating one covers complies).
-- Key: category. Cost: one row of recommendation_stat per check and group (hundreds), whatever the fleet.
SELECT c.category,
       sum(c.impact * (t.installed - t.exposed) / t.installed::float) AS points,
       sum(c.impact * (t.installed - t.exposed_after) / t.installed::float) AS points_after,
       sum(c.impact)::float AS maximum
FROM (
    SELECT s.recommendation_id, sum(s.exposed) AS exposed, sum(s.exposed_after) AS exposed_after, sum(s.installed) AS installed
    FROM recommendations_recommendationstat s
    WHERE s.group_id = ANY(%(groups)s)
    GROUP BY s.recommendation_id
) t
JOIN recommendations_recommendation r ON r.id = t.recommendation_id
JOIN inventory_configuration c ON c.id = r.configuration_id
WHERE t.installed > 0
GROUP BY c.category
