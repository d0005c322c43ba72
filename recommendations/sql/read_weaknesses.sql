-- A page of weaknesses: rows first+1 .. last of the order, or with `cve` the row of that one and its two neighbours.
-- `exposed`: machines of the chosen groups that have it, each once (weaknessstat; with every group their stored sum).
-- Key: weakness. The text of the statement is constant-folded: an order leaves its own column in front, for which there is an index,
-- and the page stops reading at `last`. 350,000 known ones: 50 to 90 ms in any order (the count takes most of it), 0.7 s where words are
-- looked for; what is present, tens of thousands: 10 to 20 ms. To place one costs a sort of all that fit: asked only of short lists.
WITH alerted AS (
    SELECT DISTINCT a.cve
    FROM inventory_alert a JOIN inventory_machine m ON m.id = a.machine_id
    WHERE a.closed_at IS NULL AND a.cve <> '' AND m.group_id = ANY(%(groups)s)
), remedied AS (
    SELECT m.weakness_id, bool_or(m.fix > 0) AS fixed, bool_or(m.fix = 0) AS unfixed,
        bool_or(m.fix = 0 AND EXISTS (
            SELECT FROM recommendations_versionscore s JOIN recommendations_recommendation r ON r.id = s.recommendation_id
            WHERE s.version_id = m.version_id AND r.zero_day)) AS waiting
    FROM weaknesses_versionweakness m
    WHERE (%(fix)s::text[] IS NOT NULL OR %(zero_day)s)
      AND m.version_id IN (SELECT version_id FROM inventory_versionstat WHERE group_id = ANY(%(groups)s) AND installed > 0)
    GROUP BY m.weakness_id
), named AS (
    SELECT DISTINCT m.weakness_id
    FROM inventory_software w
    JOIN inventory_version v ON v.software_id = w.id
    JOIN weaknesses_versionweakness m ON m.version_id = v.id
    WHERE %(patterns)s::text[] <> '{}' AND concat_ws(' ', w.name, w.vendor, w.key) ILIKE ALL(%(patterns)s::text[])
), excepted AS (
    SELECT f.weakness_id, CASE WHEN f.everywhere OR f.whole AND NOT EXISTS (
            SELECT FROM recommendations_weaknessstat s WHERE s.weakness_id = f.weakness_id AND s.exposed > 0 AND s.group_id <> ALL(f.groups))
        THEN 'exception' ELSE 'partial' END AS state
    FROM (
        SELECT weakness_id, bool_or(software_id IS NULL AND group_id IS NULL) AS everywhere, bool_or(software_id IS NULL) AS whole,
            coalesce(array_agg(group_id) FILTER (WHERE software_id IS NULL AND group_id IS NOT NULL), '{}') AS groups
        FROM recommendations_weaknesseffect GROUP BY weakness_id
    ) f
), beginning AS (
    SELECT id FROM weaknesses_weakness WHERE cve >= %(prefix)s AND cve < %(prefix)s || '~'
    UNION
    SELECT w.id FROM weaknesses_weaknessalias a JOIN weaknesses_weakness w ON w.cve = a.cve
    WHERE a.alias >= %(prefix)s AND a.alias < %(prefix)s || '~'
), listed AS NOT MATERIALIZED (
    SELECT k.id, k.cve, k.severity, k.cvss, k.epss, k.exploited, k.published_at, k.modified_at,
        CASE WHEN %(everything)s OR k.exposed_count = 0 THEN k.exposed_count ELSE coalesce((
        SELECT sum(s.exposed)::int FROM recommendations_weaknessstat s WHERE s.weakness_id = k.id AND s.group_id = ANY(%(groups)s)), 0) END AS exposed
    FROM weaknesses_weakness k
    WHERE NOT k.rejected
      AND (%(present)s::text[] IS NULL
           OR ('here' = ANY(%(present)s::text[]) AND k.exposed_count > 0 AND (%(everything)s OR EXISTS (
                SELECT FROM recommendations_weaknessstat s WHERE s.weakness_id = k.id AND s.group_id = ANY(%(groups)s))))
           OR ('elsewhere' = ANY(%(present)s::text[])
               AND (k.exposed_count = 0 OR NOT %(everything)s AND NOT EXISTS (
                SELECT FROM recommendations_weaknessstat s WHERE s.weakness_id = k.id AND s.group_id = ANY(%(groups)s)))
               AND EXISTS (SELECT FROM weaknesses_affectedrange r WHERE r.weakness_id = k.id))
           OR ('unknown' = ANY(%(present)s::text[]) AND k.exposed_count = 0
               AND NOT EXISTS (SELECT FROM weaknesses_affectedrange r WHERE r.weakness_id = k.id)))
      AND (%(severity)s::int[] IS NULL OR k.severity = ANY(%(severity)s::int[]))
      AND (%(epss)s::float8 IS NULL OR k.epss > %(epss)s::float8)
      AND (%(age)s::text[] IS NULL OR (ARRAY['week', 'month', 'quarter', 'year', 'older'])[1 + (k.published_at < %(week)s)::int
           + (k.published_at < %(month)s)::int + (k.published_at < %(quarter)s)::int + (k.published_at < %(year)s)::int] = ANY(%(age)s::text[]))
      AND (%(threats)s::text[] IS NULL
           OR ('alert' = ANY(%(threats)s::text[]) AND k.cve IN (SELECT cve FROM alerted))
           OR ('exploited' = ANY(%(threats)s::text[]) AND k.exploited)
           OR ('ransomware' = ANY(%(threats)s::text[]) AND k.ransomware)
           OR ('kit' = ANY(%(threats)s::text[]) AND k.exploit >= 3)
           OR ('verified' = ANY(%(threats)s::text[]) AND k.exploit >= 2)
           OR ('public' = ANY(%(threats)s::text[]) AND (k.exploit >= 1 OR k.exploited)))
      AND (%(fix)s::text[] IS NULL OR k.exposed_count > 0 AND EXISTS (
           SELECT FROM remedied f WHERE f.weakness_id = k.id
              AND CASE WHEN f.fixed AND f.unfixed THEN 'some' WHEN f.fixed THEN 'all' ELSE 'none' END = ANY(%(fix)s::text[])))
      AND (NOT %(zero_day)s OR k.exposed_count > 0 AND (k.exploit > 0 OR k.exploited) AND EXISTS (
           SELECT FROM remedied f WHERE f.weakness_id = k.id AND f.waiting))
      AND (%(exception)s::text[] IS NULL
           OR coalesce((SELECT x.state FROM excepted x WHERE x.weakness_id = k.id), 'active') = ANY(%(exception)s::text[]))
      AND (%(prefix)s = '' OR k.id IN (SELECT id FROM beginning))
      AND (%(patterns)s::text[] = '{}' OR k.cve ILIKE ALL(%(patterns)s::text[]) OR k.title ILIKE ALL(%(patterns)s::text[])
           OR k.id IN (SELECT weakness_id FROM named))
), ordered AS NOT MATERIALIZED (
    SELECT id, cve, exposed,
        row_number() OVER (ORDER BY
            CASE WHEN %(sort)s = 'cve' THEN cve END,
            CASE WHEN %(sort)s = '-cve' THEN cve END DESC,
            CASE WHEN %(sort)s = 'published' THEN published_at END NULLS FIRST,
            CASE WHEN %(sort)s = '-published' THEN published_at END DESC NULLS LAST,
            CASE WHEN %(sort)s = 'updated' THEN modified_at END NULLS FIRST,
            CASE WHEN %(sort)s = '-updated' THEN modified_at END DESC NULLS LAST,
            CASE WHEN %(sort)s = 'cvss' THEN cvss END NULLS FIRST,
            CASE WHEN %(sort)s = '-cvss' THEN cvss END DESC NULLS LAST,
            CASE WHEN %(sort)s = 'epss' THEN epss END,
            CASE WHEN %(sort)s = '-epss' THEN epss END DESC,
            CASE WHEN %(sort)s = 'severity' THEN severity END,
            CASE WHEN %(sort)s = '-severity' THEN severity END DESC,
            CASE WHEN %(sort)s = 'exposed' THEN exposed END,
            CASE WHEN %(sort)s = 'exposed' THEN exploited END,
            CASE WHEN %(sort)s = 'exposed' THEN cvss END NULLS FIRST,
            CASE WHEN %(sort)s = 'exposed' THEN cve END,
            exposed DESC, exploited DESC, cvss DESC NULLS LAST, cve DESC) AS number
    FROM listed
)
SELECT o.*, k.title, k.severity, k.cvss, k.epss, k.exploit, k.exploited, k.ransomware, k.published_at, k.modified_at,
    (SELECT count(*) FROM listed) AS total
FROM (
    SELECT * FROM ordered
    WHERE CASE WHEN %(cve)s <> '' THEN number BETWEEN (SELECT p.number FROM ordered p WHERE p.cve = %(cve)s) - 1
                                                  AND (SELECT p.number FROM ordered p WHERE p.cve = %(cve)s) + 1
               ELSE number > %(first)s AND number <= %(last)s END
) o
CROSS JOIN LATERAL (SELECT * FROM weaknesses_weakness w WHERE w.id = o.id LIMIT 1) k  -- a page of lookups, never a join of everything
ORDER BY o.number
