-- part_score_before: the version scores of some software as they are, to tell afterwards which changed.
DROP TABLE IF EXISTS part_score_before
-- ;;
CREATE TEMP TABLE part_score_before ON COMMIT DROP AS
SELECT o.version_id, o.recommendation_id, o.peak, o.sum, o.exploit, o.exploited
FROM recommendations_versionscore o
JOIN inventory_version v ON v.id = o.version_id
WHERE v.software_id = ANY(%(software_ids)s)
