-- Product names of a software: whether a weakness names them, and whether a curator said that it is another product. Keyed by link.
SELECT p.key, link.origin, link.confidence,
    EXISTS (SELECT 1 FROM weaknesses_affectedrange r WHERE r.product_id = p.id AND r.weakness_id = %(weakness_id)s::integer) AS named,
    link.confidence = 0 OR EXISTS (
        SELECT 1
        FROM weaknesses_matchoverride o
        WHERE o.verdict = 'not_affected' AND o.revoked_at IS NULL AND o.product_id = p.id AND o.software_id = link.software_id
            AND o.version_id IS NULL AND o.weakness_id IS NULL AND o.range_fingerprint = ''
    ) AS denied
FROM weaknesses_softwareproduct link
JOIN weaknesses_product p ON p.id = link.product_id
WHERE link.software_id = %(software_id)s
ORDER BY named DESC, link.confidence DESC, p.key
LIMIT 40
