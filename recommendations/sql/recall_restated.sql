-- part_restated from restated_version, and an empty part_excepted_moved: it is among them.
DROP TABLE IF EXISTS part_restated, part_excepted_moved
-- ;;
CREATE TEMP TABLE part_restated ON COMMIT DROP AS SELECT version_id FROM recommendations_restatedversion WHERE aspect = 'scores'
-- ;;
ANALYZE part_restated
-- ;;
CREATE TEMP TABLE part_excepted_moved (version_id int, recommendation_id int, group_id bigint) ON COMMIT DROP
