-- Recommendations that machines of some groups need, by the words of the title or what it is about; a whole CVE finds what removes it.
-- Two letters must begin a word of the title. `total` ends at `most`. Key: recommendation. Cost: by the trigrams of the longest word;
-- the `most` that are attacked most are looked up in the groups, and ordered by their impact there.
WITH removing AS (
    SELECT DISTINCT s.recommendation_id AS id
    FROM weaknesses_weakness w
    JOIN weaknesses_versionweakness m ON m.weakness_id = w.id
    JOIN recommendations_versionscore s ON s.version_id = m.version_id
    JOIN recommendations_recommendation o ON o.id = s.recommendation_id
    WHERE w.cve = %(weakness)s AND (o.kind = 'uninstall' OR (o.kind = 'attention') = (m.fix = 0))
), named AS (
    SELECT r.id, r.key, r.title, r.kind, r.exploited, %(exact)s IN (lower(r.title), lower(r.key)) AS exact
    FROM recommendations_recommendation r
    WHERE r.present AND r.status <> 'exception'
      AND CASE WHEN %(weakness)s <> '' THEN r.id IN (SELECT id FROM removing)
          ELSE concat_ws(' ', r.title, r.component, r.key) ILIKE ALL(%(words)s::text[]) END
      AND (%(weakness)s <> ''
           OR %(long)s AND (r.title ILIKE %(word)s OR r.component ILIKE %(word)s OR r.key ILIKE %(word)s)
           OR NOT %(long)s AND (r.title ILIKE %(prefix)s OR r.title ILIKE '%% ' || %(prefix)s))
    ORDER BY exact DESC, r.exploited DESC, r.exploit DESC, r.weakness_count DESC, r.id
    OFFSET 0
), needed AS (
    SELECT n.*, s.exposed, s.impact
    FROM named n
    CROSS JOIN LATERAL (
        SELECT sum(x.exposed)::int AS exposed, sum(x.impact) AS impact
        FROM recommendations_recommendationstat x
        WHERE x.recommendation_id = n.id AND x.group_id = ANY(%(groups)s)
        HAVING sum(x.exposed) > 0
    ) s
    LIMIT %(most)s
)
SELECT key, title, kind, exploited, exposed, exact, count(*) OVER () AS total
FROM needed
ORDER BY exact DESC, impact DESC, key
LIMIT %(limit)s
