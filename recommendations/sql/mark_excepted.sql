-- part_excepted_moved: all of part_excepted in `groups`, to look at without storing it.
DROP TABLE IF EXISTS part_excepted_moved
-- ;;
CREATE TEMP TABLE part_excepted_moved ON COMMIT DROP AS
SELECT version_id, recommendation_id, group_id FROM part_excepted WHERE group_id = ANY(%(groups)s)
-- ;;
ANALYZE part_excepted_moved
