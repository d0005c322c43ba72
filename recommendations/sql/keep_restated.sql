-- restated_version: what the slices of a full run must rebuild, from part_restated, part_excepted_moved and part_version_moved. What an unfinished
-- run left stays.
INSERT INTO recommendations_restatedversion (version_id, aspect)
SELECT version_id, 'scores' FROM (SELECT version_id FROM part_restated UNION SELECT version_id FROM part_excepted_moved) r
UNION ALL
SELECT version_id, 'risks' FROM part_version_moved
ON CONFLICT (version_id, aspect) DO NOTHING
-- ;;
ANALYZE recommendations_restatedversion
