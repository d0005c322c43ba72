-- Merges the scores of one day. Key: cve; an older day never overwrites a newer one. With `complete`, scores that
-- the list lacks are gone. 320,000 rows: about 5 s the first day, as many rewritten when the model changes.
-- Analysed first, and added to last and without a join: on a first load the statistics know nothing of this
-- source, and joins with what was just added are planned for a handful of rows (33,000 took 160 s instead of 1 s).
-- What is present in the organisation keeps its history: a row for each day on which the score, to a tenth of a percent, is
-- another than before. Of the days before `kept`, the last one stays, as the value the history begins with.
-- Rows touched, in order: -, changed, removed, new, remembered, forgotten.
ANALYZE incoming_score, weaknesses_epssscore;
-- ;;
UPDATE weaknesses_epssscore AS e SET score = i.score, percentile = i.percentile, day = %(day)s::date
FROM incoming_score AS i
WHERE e.cve = i.cve AND e.day <= %(day)s::date AND (e.score, e.percentile) IS DISTINCT FROM (i.score, i.percentile);
-- ;;
DELETE FROM weaknesses_epssscore AS e
WHERE %(complete)s AND e.day <= %(day)s::date AND NOT EXISTS (SELECT FROM incoming_score AS i WHERE i.cve = e.cve);
-- ;;
INSERT INTO weaknesses_epssscore (cve, score, percentile, day)
SELECT DISTINCT ON (cve) cve, score, percentile, %(day)s::date FROM incoming_score
ON CONFLICT (cve) DO NOTHING;
-- ;;
INSERT INTO weaknesses_epssday AS d (cve, day, score, percentile)
SELECT e.cve, %(day)s::date, e.score, e.percentile
FROM weaknesses_weakness AS w
JOIN weaknesses_epssscore AS e ON e.cve = w.cve
LEFT JOIN LATERAL (
    SELECT p.day, p.score FROM weaknesses_epssday AS p WHERE p.cve = w.cve AND p.day < %(day)s::date ORDER BY p.day DESC LIMIT 1
) AS before ON true
WHERE w.exposed_count > 0 AND e.day <= %(day)s::date
  AND (before.day IS NULL OR round(before.score::numeric, 3) <> round(e.score::numeric, 3))
ON CONFLICT (cve, day) DO UPDATE SET score = excluded.score, percentile = excluded.percentile;
-- ;;
DELETE FROM weaknesses_epssday AS d
WHERE d.day < %(day)s::date - %(kept)s
  AND EXISTS (SELECT FROM weaknesses_epssday AS n WHERE n.cve = d.cve AND n.day > d.day AND n.day <= %(day)s::date - %(kept)s);
