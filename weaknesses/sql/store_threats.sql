-- Merges one source's threat insights. Key: (cve, source, reference). With `complete`, what the list lacks is removed.
-- Analysed first, and added to last and without a join, as in store_evidence.sql. A source names some hundreds of weaknesses.
-- Rows touched, in order: -, changed, removed, new.
ANALYZE incoming_threat, weaknesses_threatinsight;
-- ;;
UPDATE weaknesses_threatinsight AS t
SET kind = i.kind, name = i.name, summary = i.summary, url = i.url, techniques = i.techniques, first_seen = i.first_seen, last_seen = i.last_seen
FROM incoming_threat AS i
WHERE t.cve = i.cve AND t.source = %(source)s AND t.reference = i.reference
  AND (t.kind, t.name, t.summary, t.url, t.techniques::text[], t.first_seen, t.last_seen)
      IS DISTINCT FROM (i.kind, i.name, i.summary, i.url, i.techniques, i.first_seen, i.last_seen);
-- ;;
DELETE FROM weaknesses_threatinsight AS t
WHERE %(complete)s AND t.source = %(source)s
  AND NOT EXISTS (SELECT FROM incoming_threat AS i WHERE i.cve = t.cve AND i.reference = t.reference);
-- ;;
INSERT INTO weaknesses_threatinsight (cve, source, reference, kind, name, summary, url, techniques, first_seen, last_seen)
SELECT cve, %(source)s, reference, kind, name, summary, url, techniques, first_seen, last_seen FROM incoming_threat
ON CONFLICT (cve, source, reference) DO NOTHING;
