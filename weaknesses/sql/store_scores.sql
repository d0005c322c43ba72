-- Merges the scores of one day. Key: cve; an older day never overwrites a newer one. With `complete`, scores that
-- the list lacks are gone. 320,000 rows: about 5 s the first day, as many rewritten when the model changes.
-- Analysed first, and added to last and without a join: on a first load the statistics know nothing of this
-- source, and joins with what was just added are planned for a handful of rows (33,000 took 160 s instead of 1 s).
-- Rows touched, in order: -, changed, removed, new.
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
