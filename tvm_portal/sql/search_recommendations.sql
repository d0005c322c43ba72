-- Recommendations that machines of some groups need, by the words of the title or what it is about; a whole CVE finds what removes it.
-- Key: recommendation. Cost: by the trigrams of the longest word; two letters read the table (a row a product and check) once.
WITH removing AS (
    SELECT DISTINCT s.recommendation_id AS id
    FROM weaknesses_weakness w
    JOIN weaknesses_versionweakness m ON m.weakness_id = w.id
    JOIN recommendations_versionscore s ON s.version_id = m.version_id
    JOIN recommendations_recommendation o ON o.id = s.recommendation_id
    WHERE w.cve = %(weakness)s AND (o.kind = 'uninstall' OR (o.kind = 'attention') = (m.fix = 0))
), named AS (
    SELECT r.id
    FROM recommendations_recommendation r
    WHERE %(weakness)s = '' AND (r.title ILIKE %(word)s OR r.component ILIKE %(word)s OR r.key ILIKE %(word)s)
      AND concat_ws(' ', r.title, r.component, r.key) ILIKE ALL(%(words)s::text[])
    UNION ALL
    SELECT id FROM removing
), needed AS (
    SELECT r.id, r.key, r.title, r.kind, r.exploited, sum(s.exposed)::int AS exposed, sum(s.impact) AS impact
    FROM named n
    JOIN recommendations_recommendation r ON r.id = n.id AND r.present AND r.status <> 'exception'
    JOIN recommendations_recommendationstat s ON s.recommendation_id = r.id AND s.group_id = ANY(%(groups)s)
    GROUP BY r.id, r.key, r.title, r.kind, r.exploited
    HAVING sum(s.exposed) > 0
)
SELECT key, title, kind, exploited, exposed,
       %(exact)s IN (lower(title), lower(key)) AS exact,
       count(*) OVER () AS total
FROM needed
ORDER BY %(exact)s IN (lower(title), lower(key)) DESC, impact DESC, key
LIMIT %(limit)s
