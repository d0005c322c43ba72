-- version_basis from part_version_signature, once every carrier has been rebuilt. Keyed by version; differences only.
DELETE FROM recommendations_versionbasis o WHERE NOT EXISTS (SELECT FROM part_version_signature n WHERE n.version_id = o.version_id)
-- ;;
UPDATE recommendations_versionbasis o SET signature = n.signature
FROM part_version_signature n WHERE n.version_id = o.version_id AND n.signature <> o.signature
-- ;;
INSERT INTO recommendations_versionbasis (version_id, signature)
SELECT n.version_id, n.signature FROM part_version_signature n
WHERE NOT EXISTS (SELECT FROM recommendations_versionbasis o WHERE o.version_id = n.version_id)
