-- How much of everything the chosen groups have, from counters alone.
-- Keyed by machine group; cost: the stat rows of those groups (recommendations and software x groups).
SELECT
    (SELECT count(*)
       FROM recommendations_recommendation r
      WHERE r.present AND r.status <> 'exception'
        AND EXISTS (SELECT FROM recommendations_recommendationstat s
                     WHERE s.recommendation_id = r.id AND s.group_id = ANY(%(groups)s) AND s.exposed > 0)) AS recommendations,
    (SELECT count(DISTINCT software_id) FROM inventory_softwarestat WHERE group_id = ANY(%(groups)s) AND installed > 0) AS software,
    (SELECT CASE WHEN %(everything)s THEN (SELECT count(*) FROM weaknesses_weakness WHERE exposed_count > 0)
                 ELSE (SELECT count(DISTINCT weakness_id) FROM recommendations_weaknessstat
                       WHERE group_id = ANY(%(groups)s) AND exposed > 0) END) AS weaknesses,
    (SELECT coalesce(sum(machines), 0)::bigint FROM recommendations_groupscore WHERE group_id = ANY(%(groups)s)) AS machines,
    (SELECT count(*) FROM (SELECT FROM inventory_machine WHERE is_demo LIMIT 1) d) AS demo
