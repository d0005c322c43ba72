-- Merges incoming_weakness into weakness. A source leads where its authority is at least that of the source that
-- filled the row; it then writes what it states and never blanks what it does not. A source that does not lead
-- only fills what is empty. Key: cve. Only rows that differ are written.
-- Rows touched, in order: new, filled in, statements, ids looked up.
INSERT INTO weaknesses_weakness (cve, title, description, severity, cvss, cvss_vector, cwes, "references", epss, epss_percentile,
    exploit, exploited, ransomware, rejected, published_at, modified_at, source, exposed_count)
SELECT cve, title, description, coalesce(severity, 0), cvss, cvss_vector, cwes, refs, 0, 0, 0, false, false, rejected,
    published_at, modified_at, %(source)s, 0
FROM incoming_weakness ORDER BY cve
ON CONFLICT (cve) DO NOTHING;
-- ;;
WITH merged AS (
    SELECT w.id,
        CASE WHEN i.title <> '' AND (leads OR w.title = '') THEN i.title ELSE w.title END AS title,
        CASE WHEN i.description <> '' AND (leads OR w.description = '') THEN i.description ELSE w.description END AS description,
        CASE WHEN i.severity IS NOT NULL AND (leads OR (w.severity = 0 AND w.cvss IS NULL)) THEN i.severity ELSE w.severity END AS severity,
        CASE WHEN i.cvss IS NOT NULL AND (leads OR w.cvss IS NULL) THEN i.cvss ELSE w.cvss END AS cvss,
        CASE WHEN i.cvss IS NOT NULL AND (leads OR w.cvss IS NULL) THEN i.cvss_vector ELSE w.cvss_vector END AS cvss_vector,
        CASE WHEN i.cwes <> '{}' AND (leads OR w.cwes = '{}') THEN i.cwes ELSE w.cwes END AS cwes,
        CASE WHEN i.refs <> '{}' AND (leads OR w."references" = '{}') THEN i.refs ELSE w."references" END AS refs,
        CASE WHEN leads THEN i.rejected ELSE w.rejected END AS rejected,
        CASE WHEN leads THEN coalesce(i.published_at, w.published_at) ELSE coalesce(w.published_at, i.published_at) END AS published_at,
        CASE WHEN leads THEN coalesce(i.modified_at, w.modified_at) ELSE coalesce(w.modified_at, i.modified_at) END AS modified_at,
        CASE WHEN leads THEN %(source)s ELSE w.source END AS source
    FROM incoming_weakness AS i
    JOIN weaknesses_weakness AS w ON w.cve = i.cve
    CROSS JOIN LATERAL (
        SELECT coalesce(%(authority)s::jsonb ->> %(source)s, %(authority)s::jsonb ->> split_part(%(source)s, '/', 1), '1')::integer
            >= coalesce(%(authority)s::jsonb ->> w.source, %(authority)s::jsonb ->> split_part(w.source, '/', 1), '1')::integer AS leads
    ) AS standing
)
UPDATE weaknesses_weakness AS w
SET title = m.title, description = m.description, severity = m.severity, cvss = m.cvss, cvss_vector = m.cvss_vector, cwes = m.cwes,
    "references" = m.refs, rejected = m.rejected, published_at = m.published_at, modified_at = m.modified_at, source = m.source
FROM merged AS m
WHERE w.id = m.id
  AND (w.title, w.description, w.severity, w.cvss, w.cvss_vector, w.cwes, w."references", w.rejected, w.published_at, w.modified_at, w.source)
      IS DISTINCT FROM
      (m.title, m.description, m.severity, m.cvss, m.cvss_vector, m.cwes, m.refs, m.rejected, m.published_at, m.modified_at, m.source);
-- ;;
INSERT INTO weaknesses_statement AS s (weakness_id, source, modified_at, digest)
SELECT w.id, %(source)s, i.modified_at, i.digest
FROM incoming_weakness AS i JOIN weaknesses_weakness AS w ON w.cve = i.cve
ON CONFLICT (weakness_id, source) DO UPDATE SET modified_at = excluded.modified_at, digest = excluded.digest;
-- ;;
UPDATE incoming_weakness AS i SET weakness_id = w.id FROM weaknesses_weakness AS w WHERE w.cve = i.cve;
