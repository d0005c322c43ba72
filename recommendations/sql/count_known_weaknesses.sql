-- How many weaknesses are known, are on a machine of the chosen groups, and are there and exploited in the wild.
-- Key: weakness. Cost: one index-only scan of all known ones (350,000: 40 ms), and the stat rows of the groups unless every group is chosen.
SELECT (SELECT count(*) FROM weaknesses_weakness WHERE NOT rejected)::int AS known, p.present::int, p.exploited::int
FROM (
    SELECT count(*) AS present, count(*) FILTER (WHERE exploited) AS exploited
    FROM weaknesses_weakness k
    WHERE NOT rejected AND exposed_count > 0 AND (%(everything)s OR k.id IN (
        SELECT weakness_id FROM recommendations_weaknessstat WHERE group_id = ANY(%(groups)s)))
) p
