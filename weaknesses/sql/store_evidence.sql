-- Merges one source's evidence. Key: (cve, source, reference). What comes back is no longer gone; with `complete`,
-- what the list lacks is gone from now on, and starter evidence of the levels in `replaces` is dropped.
-- Analysed first, and added to last and without a join: on a first load the statistics know nothing of this
-- source, and joins with what was just added are planned for a handful of rows (33,000 took 160 s instead of 1 s).
-- Rows touched, in order: -, changed, removed, starter rows dropped, new.
ANALYZE incoming_evidence, weaknesses_exploitevidence;
-- ;;
UPDATE weaknesses_exploitevidence AS e
SET level = i.level, title = i.title, url = i.url, day = i.day, ransomware = i.ransomware, due = i.due, action = i.action, gone_at = NULL
FROM incoming_evidence AS i
WHERE e.cve = i.cve AND e.source = %(source)s AND e.reference = i.reference
  AND (e.gone_at IS NOT NULL
       OR (e.level, e.title, e.url, e.day, e.ransomware, e.due, e.action)
          IS DISTINCT FROM (i.level, i.title, i.url, i.day, i.ransomware, i.due, i.action));
-- ;;
UPDATE weaknesses_exploitevidence AS e SET gone_at = %(now)s
WHERE %(complete)s AND e.source = %(source)s AND e.gone_at IS NULL
  AND NOT EXISTS (SELECT FROM incoming_evidence AS i WHERE i.cve = e.cve AND i.reference = e.reference);
-- ;;
DELETE FROM weaknesses_exploitevidence
WHERE %(complete)s AND source = 'starter' AND %(source)s <> 'starter' AND level = ANY(%(replaces)s::smallint[]);
-- ;;
INSERT INTO weaknesses_exploitevidence (cve, source, reference, level, title, url, day, ransomware, due, action)
SELECT cve, %(source)s, reference, level, title, url, day, ransomware, due, action FROM incoming_evidence
ON CONFLICT (cve, source, reference) DO NOTHING;
