-- version_score of the versions in part_restated from part_pair, keyed (version, recommendation); only differences are written. A recommendation that is
-- not known yet is made first, with a provisional title. A difference in the last bits of a sum (it depends on the order
-- of adding) is none.
INSERT INTO recommendations_recommendation (key, kind, status, software_id, title, component, category, recommended_version,
    weakness_count, exploit, exploited, active_alert, zero_day, top_severity, top_threat, present, first_seen)
SELECT 'va-_-' || s.key || p.slot,
    CASE p.slot WHEN '-_-upgrade' THEN 'upgrade' WHEN '-_-attention' THEN 'attention' ELSE CASE WHEN s.support = 4 THEN 'uninstall' ELSE 'update' END END,
    'active', s.id, left(s.name, 300), s.name, CASE WHEN s.ecosystem = 'os' THEN 'os' ELSE 'application' END, '',
    0, 0, false, false, false, 0, 0, false, %(now)s
FROM (
    SELECT DISTINCT software_id, slot FROM part_pair
    WHERE slot IS NOT NULL AND version_id IN (SELECT version_id FROM part_restated)
) p
JOIN inventory_software s ON s.id = p.software_id
WHERE NOT EXISTS (SELECT FROM recommendations_recommendation r WHERE r.key = 'va-_-' || s.key || p.slot)
ON CONFLICT (key) DO NOTHING
-- ;;
DROP TABLE IF EXISTS part_version_score
-- ;;
CREATE TEMP TABLE part_version_score ON COMMIT DROP AS
SELECT p.version_id, r.id AS recommendation_id, max(p.risk) AS peak, sum(p.risk) AS sum, count(p.weakness_id) AS weaknesses,
    max(p.exploit) AS exploit, bool_or(p.exploited) AS exploited
FROM part_pair p
JOIN inventory_software s ON s.id = p.software_id
JOIN recommendations_recommendation r ON r.key = 'va-_-' || s.key || p.slot
WHERE p.version_id IN (SELECT version_id FROM part_restated)
GROUP BY p.version_id, r.id
-- ;;
ANALYZE part_version_score
-- ;;
DELETE FROM recommendations_versionscore o
WHERE o.version_id IN (SELECT version_id FROM part_restated)
  AND NOT EXISTS (SELECT FROM part_version_score n WHERE n.version_id = o.version_id AND n.recommendation_id = o.recommendation_id)
-- ;;
UPDATE recommendations_versionscore o
SET peak = n.peak, sum = n.sum, weaknesses = n.weaknesses, exploit = n.exploit, exploited = n.exploited
FROM part_version_score n
WHERE n.version_id = o.version_id AND n.recommendation_id = o.recommendation_id
  AND (abs(o.peak - n.peak) > 1e-14 OR abs(o.sum - n.sum) > 1e-12 * greatest(1, n.sum) OR o.weaknesses <> n.weaknesses
    OR o.exploit <> n.exploit OR o.exploited <> n.exploited)
-- ;;
INSERT INTO recommendations_versionscore (version_id, recommendation_id, peak, sum, weaknesses, exploit, exploited)
SELECT n.version_id, n.recommendation_id, n.peak, n.sum, n.weaknesses, n.exploit, n.exploited
FROM part_version_score n
WHERE NOT EXISTS (SELECT FROM recommendations_versionscore o WHERE o.version_id = n.version_id AND o.recommendation_id = n.recommendation_id)
