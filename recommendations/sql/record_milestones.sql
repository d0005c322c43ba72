-- The timeline again: checks that are new since the last full run, and software whose support (or a version's) ended
-- between its day and today.
INSERT INTO weaknesses_event (kind, at, configuration_id, weakness_ids, machines, machines_total, score_change)
SELECT 'new_configuration', %(now)s, r.configuration_id, '{}',
    (SELECT coalesce(sum(s.exposed), 0) FROM recommendations_recommendationstat s WHERE s.recommendation_id = r.id),
    (SELECT coalesce(sum(machines), 0) FROM recommendations_groupscore), 0
FROM recommendations_recommendation r
WHERE r.configuration_id IS NOT NULL AND NOT %(first)s
  AND NOT EXISTS (SELECT FROM weaknesses_event e WHERE e.configuration_id = r.configuration_id)
  AND r.first_seen > %(previous)s
ORDER BY r.id
-- ;;
INSERT INTO weaknesses_event (kind, at, software_id, weakness_ids, machines, machines_total, score_change)
SELECT 'end_of_support', %(now)s, s.id, '{}', sum(x.installed), (SELECT coalesce(sum(machines), 0) FROM recommendations_groupscore), 0
FROM inventory_software s
JOIN inventory_version v ON v.software_id = s.id
JOIN inventory_versionstat x ON x.version_id = v.id
WHERE NOT %(first)s
  AND least(v.support_ends_on, CASE WHEN s.support = 4 THEN s.support_ends_on END) < %(today)s
  AND least(v.support_ends_on, CASE WHEN s.support = 4 THEN s.support_ends_on END) >= %(previous)s::date
GROUP BY s.id
ORDER BY s.id
