-- Weaknesses by id or a former one, the newest, or by the words of the title where they are present. `total` ends at `most` for each.
-- Key: weakness. Cost: `most` steps on the indexes of ids and on weakness_by_published; present ones (tens of thousands) by
-- weakness_present.
WITH found AS (
    (SELECT id FROM weaknesses_weakness WHERE %(newest)s AND NOT rejected ORDER BY published_at DESC NULLS LAST LIMIT %(most)s)
    UNION
    (SELECT id FROM weaknesses_weakness WHERE %(id_prefix)s <> '' AND cve LIKE %(id_prefix)s ORDER BY cve LIMIT %(most)s)
    UNION
    (SELECT w.id
     FROM weaknesses_weaknessalias a
     JOIN weaknesses_weakness w ON w.cve = a.cve
     WHERE %(id_prefix)s <> '' AND a.alias LIKE %(id_prefix)s
     ORDER BY a.alias
     LIMIT %(most)s)
    UNION
    (SELECT id
     FROM weaknesses_weakness
     WHERE NOT %(newest)s AND exposed_count > 0 AND NOT rejected
       AND (%(everything)s OR EXISTS (SELECT FROM recommendations_weaknessstat x
                                      WHERE x.weakness_id = weaknesses_weakness.id AND x.group_id = ANY(%(groups)s) AND x.exposed > 0))
       AND (%(id_prefix)s <> '' AND cve LIKE %(id_prefix)s OR %(inside)s <> '' AND title ILIKE %(inside)s)
     LIMIT %(most)s)
)
SELECT w.cve, w.title, w.severity, w.exploited, here.present, w.published_at,
       w.cve = %(weakness)s OR former.alias IS NOT NULL AS exact, former.alias,
       count(*) OVER () AS total
FROM found f
JOIN weaknesses_weakness w ON w.id = f.id
CROSS JOIN LATERAL (
    SELECT w.exposed_count > 0 AND (%(everything)s OR EXISTS (
        SELECT FROM recommendations_weaknessstat x WHERE x.weakness_id = w.id AND x.group_id = ANY(%(groups)s) AND x.exposed > 0)) AS present
) here
LEFT JOIN weaknesses_weaknessalias former ON former.cve = w.cve AND former.alias = %(weakness)s
ORDER BY exact DESC,
         CASE WHEN %(newest)s THEN w.published_at END DESC NULLS LAST,
         here.present DESC, w.exploited DESC, w.severity DESC, w.published_at DESC NULLS LAST, w.cve
LIMIT %(limit)s
