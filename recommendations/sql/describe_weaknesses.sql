-- What a list says of some weaknesses beside themselves: the first software by name and how many it affects here; for those that are
-- installed in the chosen groups whether each has a fix, and whether one waits for it (zero day); whether an open alert names it; and the product that the
-- sources name; and how far it is excepted (exception: everywhere it is, partial, or empty). Key: weakness. Cost: matches and ranges of a page of weaknesses.
SELECT k.id AS weakness_id, coalesce(h.name, '') AS software, coalesce(h.software, 0) AS software_count, coalesce(h.key, '') AS software_key,
    coalesce(h.fixed, false) AS fixed, coalesce(h.unfixed, false) AS unfixed, coalesce(h.waiting, false) AND (k.exploit > 0 OR k.exploited) AS zero_day,
    EXISTS (SELECT FROM inventory_alert a JOIN inventory_machine m ON m.id = a.machine_id
            WHERE a.cve = k.cve AND a.closed_at IS NULL AND m.group_id = ANY(%(groups)s)) AS alert,
    CASE WHEN f.everywhere OR f.whole AND NOT EXISTS (
            SELECT FROM recommendations_weaknessstat s WHERE s.weakness_id = k.id AND s.exposed > 0 AND s.group_id <> ALL(f.groups)) THEN 'exception'
        WHEN f.everywhere IS NULL THEN '' ELSE 'partial' END AS exception,
    CASE WHEN h.software IS NULL THEN coalesce(p.key, '') ELSE '' END AS product, coalesce(p.products, 0)::int AS product_count
FROM weaknesses_weakness k
LEFT JOIN LATERAL (
    SELECT (array_agg(w.name ORDER BY lower(w.name), w.id))[1] AS name, (array_agg(w.key ORDER BY lower(w.name), w.id))[1] AS key,
        count(DISTINCT w.id)::int AS software,
        bool_or(m.fix > 0) FILTER (WHERE x.here) AS fixed, bool_or(m.fix = 0) FILTER (WHERE x.here) AS unfixed,
        bool_or(m.fix = 0 AND EXISTS (
            SELECT FROM recommendations_versionscore s JOIN recommendations_recommendation r ON r.id = s.recommendation_id
            WHERE s.version_id = m.version_id AND r.zero_day)) FILTER (WHERE x.here) AS waiting
    FROM weaknesses_versionweakness m
    JOIN inventory_version v ON v.id = m.version_id
    JOIN inventory_software w ON w.id = v.software_id
    CROSS JOIN LATERAL (SELECT EXISTS (
        SELECT FROM inventory_versionstat s WHERE s.version_id = v.id AND s.group_id = ANY(%(groups)s) AND s.installed > 0)) AS x(here)
    WHERE m.weakness_id = k.id
    HAVING count(*) > 0
) h ON true
LEFT JOIN LATERAL (
    SELECT min(n.key) AS key, count(DISTINCT n.id) AS products
    FROM weaknesses_affectedrange r JOIN weaknesses_product n ON n.id = r.product_id
    WHERE r.weakness_id = k.id AND h.software IS NULL
) p ON true
LEFT JOIN (
    SELECT weakness_id, bool_or(software_id IS NULL AND group_id IS NULL) AS everywhere, bool_or(software_id IS NULL) AS whole,
        coalesce(array_agg(group_id) FILTER (WHERE software_id IS NULL AND group_id IS NOT NULL), '{}') AS groups
    FROM recommendations_weaknesseffect GROUP BY weakness_id
) f ON f.weakness_id = k.id
WHERE k.id = ANY(%(weaknesses)s)
