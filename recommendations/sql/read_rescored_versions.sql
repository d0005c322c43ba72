-- Versions of some software whose scores are others than in part_score_before. Keyed by version and recommendation.
WITH now AS (
    SELECT o.version_id, o.recommendation_id, o.peak, o.sum, o.exploit, o.exploited
    FROM recommendations_versionscore o
    JOIN inventory_version v ON v.id = o.version_id
    WHERE v.software_id = ANY(%(software_ids)s)
)
SELECT DISTINCT coalesce(n.version_id, b.version_id) AS version_id
FROM now n
FULL JOIN part_score_before b ON b.version_id = n.version_id AND b.recommendation_id = n.recommendation_id
WHERE (n.peak, n.sum, n.exploit, n.exploited) IS DISTINCT FROM (b.peak, b.sum, b.exploit, b.exploited)
