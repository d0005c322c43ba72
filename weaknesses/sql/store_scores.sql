-- Merges the scores of one day. Key: cve; an older day never overwrites a newer one. With `complete`, scores that
-- the list lacks are gone. 320,000 rows: about 3 s the first day, as many rewritten when the model changes.
-- Rows touched, in order: -, new, changed, removed.
ANALYZE incoming_score;
-- ;;
INSERT INTO weaknesses_epssscore (cve, score, percentile, day)
SELECT DISTINCT ON (cve) cve, score, percentile, %(day)s::date FROM incoming_score AS i
WHERE NOT EXISTS (SELECT FROM weaknesses_epssscore AS e WHERE e.cve = i.cve)
ON CONFLICT (cve) DO NOTHING;
-- ;;
UPDATE weaknesses_epssscore AS e SET score = i.score, percentile = i.percentile, day = %(day)s::date
FROM incoming_score AS i
WHERE e.cve = i.cve AND e.day <= %(day)s::date AND (e.score, e.percentile) IS DISTINCT FROM (i.score, i.percentile);
-- ;;
DELETE FROM weaknesses_epssscore AS e
WHERE %(complete)s AND e.day <= %(day)s::date AND NOT EXISTS (SELECT FROM incoming_score AS i WHERE i.cve = e.cve);
