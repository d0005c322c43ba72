-- version_risk from part_version_risk, once every carrier has been made again. Keyed by version; differences only.
DELETE FROM recommendations_versionrisk o WHERE NOT EXISTS (SELECT FROM part_version_risk n WHERE n.version_id = o.version_id)
-- ;;
INSERT INTO recommendations_versionrisk (version_id, severity, exploit, published_on)
SELECT n.version_id, n.severity, n.exploit, n.published_on
FROM part_version_risk n
WHERE n.version_id IN (SELECT version_id FROM part_version_moved)
ON CONFLICT (version_id) DO UPDATE SET severity = EXCLUDED.severity, exploit = EXCLUDED.exploit, published_on = EXCLUDED.published_on
