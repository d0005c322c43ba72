-- Versions of a software with machines that carry them and weaknesses that affect them. Key: version.
-- Cost: versions of one software (tens to hundreds) x groups, and their matches by primary key.
SELECT v.id, v.version, v.platform, v.support_ends_on, v.first_seen, t.installed,
       count(*) OVER () AS total, sum(t.installed) OVER ()::int AS installed_total,
       (SELECT count(*) FROM weaknesses_versionweakness m JOIN weaknesses_weakness w ON w.id = m.weakness_id
        WHERE m.version_id = v.id AND NOT w.rejected)::int AS weaknesses
FROM inventory_version v
JOIN (
    SELECT s.version_id, sum(s.installed)::int AS installed
    FROM inventory_versionstat s
    JOIN inventory_version o ON o.id = s.version_id
    WHERE o.software_id = %(software)s AND s.group_id = ANY(%(groups)s)
    GROUP BY s.version_id
    HAVING sum(s.installed) > 0
) t ON t.version_id = v.id
WHERE (%(version)s::int IS NULL OR v.id = %(version)s::int) AND (%(support)s = ''
   OR (%(support)s = 'untagged' AND (v.support_ends_on IS NULL OR v.support_ends_on > %(soon)s))
   OR (%(support)s = 'ended' AND v.support_ends_on < %(today)s)
   OR (%(support)s = 'upcoming' AND v.support_ends_on >= %(today)s AND v.support_ends_on <= %(soon)s))
ORDER BY
    CASE WHEN %(sort)s = 'version' THEN v.sort_key END,
    CASE WHEN %(sort)s = '-version' THEN v.sort_key END DESC,
    CASE WHEN %(sort)s = 'installed' THEN t.installed END,
    CASE WHEN %(sort)s = 'first_seen' THEN v.first_seen END,
    CASE WHEN %(sort)s = '-first_seen' THEN v.first_seen END DESC,
    CASE WHEN %(sort)s = 'support' THEN v.support_ends_on END,
    CASE WHEN %(sort)s = '-support' THEN v.support_ends_on END DESC NULLS LAST,
    t.installed DESC, v.sort_key DESC, v.id
LIMIT %(limit)s OFFSET %(offset)s
