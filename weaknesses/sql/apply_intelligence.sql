-- Writes what is known about exploitation (EPSS, evidence) to the weaknesses themselves. Evidence counts while it is
-- listed and for 14 days after: a list that lost an entry by mistake must not lower the score overnight. What CISA
-- assesses as exploited, or as having a public proof of concept, counts as a public exploit (docs/feeds.md).
-- Key: cve. Only rows that differ are written. Returns the rows that moved on the exploit ladder, or that are
-- present in the inventory. 350,000 weaknesses, 320,000 scores, 60,000 pieces of evidence: about 4 s.
WITH evidence AS (
    SELECT cve,
        coalesce(max(level) FILTER (WHERE level < 4), 0) AS exploit,
        bool_or(level = 4) AS exploited,
        min(day) FILTER (WHERE level = 4) AS exploited_since,
        bool_or(ransomware) AS ransomware
    FROM weaknesses_exploitevidence
    WHERE gone_at IS NULL OR gone_at > %(now)s::timestamptz - interval '14 days'
    GROUP BY cve
), known AS (
    SELECT w.id, w.cve, w.exploit AS old_exploit, w.exploited AS old_exploited, w.ransomware AS old_ransomware,
        coalesce(s.score, 0) AS epss, coalesce(s.percentile, 0) AS epss_percentile,
        greatest(e.exploit, assessed.exploit) AS exploit, coalesce(e.exploited, false) AS exploited,
        e.exploited_since, coalesce(e.ransomware, false) AS ransomware
    FROM weaknesses_weakness AS w
    LEFT JOIN weaknesses_epssscore AS s ON s.cve = w.cve
    LEFT JOIN evidence AS e ON e.cve = w.cve
    CROSS JOIN LATERAL (SELECT CASE WHEN w.exploitation IN ('poc', 'active') THEN 1 ELSE 0 END AS exploit) AS assessed
    WHERE (w.epss, w.epss_percentile, w.exploit, w.exploited, w.exploited_since, w.ransomware) IS DISTINCT FROM
        (coalesce(s.score, 0), coalesce(s.percentile, 0), greatest(e.exploit, assessed.exploit), coalesce(e.exploited, false),
         e.exploited_since, coalesce(e.ransomware, false))
), written AS (
    UPDATE weaknesses_weakness AS w
    SET epss = k.epss, epss_percentile = k.epss_percentile, exploit = k.exploit, exploited = k.exploited,
        exploited_since = k.exploited_since, ransomware = k.ransomware
    FROM known AS k WHERE w.id = k.id
    RETURNING k.id, k.cve, k.old_exploit, k.exploit, k.old_exploited, k.exploited, k.old_ransomware, k.ransomware
)
SELECT id AS weakness_id, cve, old_exploit, exploit, old_exploited, exploited, old_ransomware, ransomware
FROM written
WHERE (old_exploit, old_exploited, old_ransomware) IS DISTINCT FROM (exploit, exploited, ransomware)
   OR EXISTS (SELECT FROM weaknesses_versionweakness AS m WHERE m.weakness_id = written.id)
ORDER BY id;
