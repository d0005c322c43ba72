-- The version that removes everything, by platform: the highest first fixed version among the matches of a recommendation,
-- and how many machines of the groups run an affected version there. Key: platform. Cost: matches of its versions.
SELECT t.platform, t.target, coalesce(sum(i.installed), 0)::int AS machines
FROM (
    SELECT v.platform, (array_agg(m.fixed ORDER BY m.fixed_key DESC))[1] AS target, array_agg(DISTINCT v.id) AS versions
    FROM recommendations_versionscore s
    JOIN inventory_version v ON v.id = s.version_id
    JOIN weaknesses_versionweakness m ON m.version_id = v.id
    WHERE s.recommendation_id = %(recommendation)s AND m.fixed <> ''
    GROUP BY v.platform
) t
LEFT JOIN inventory_versionstat i ON i.version_id = ANY(t.versions) AND i.group_id = ANY(%(groups)s)
GROUP BY t.platform, t.target
ORDER BY t.platform
