-- Adds to candidate what a curator declared affected. The fix is taken from any range of the weakness for a linked product.
INSERT INTO candidate (probe_id, weakness_id, range_id, source, confidence, fix, fixed, fixed_key, last, last_key)
SELECT p.id, o.weakness_id, -o.id, 'curator', 100, CASE WHEN known.fixed IS NULL THEN 0 ELSE 1 END,
    coalesce(known.fixed, ''), coalesce(known.fixed_key, ''), '', ''
FROM weaknesses_matchoverride o
JOIN weaknesses_weakness w ON w.id = o.weakness_id AND NOT w.rejected
JOIN probe p ON (o.version_id IS NULL OR o.version_id = p.version_id)
    AND (o.software_id IS NULL OR o.software_id = p.software_id)
    AND (o.product_id IS NULL OR EXISTS (
        SELECT 1 FROM weaknesses_softwareproduct link WHERE link.product_id = o.product_id AND link.software_id = p.software_id))
LEFT JOIN LATERAL (
    SELECT r.fixed, r.fixed_key
    FROM weaknesses_softwareproduct link
    JOIN weaknesses_product product ON product.id = link.product_id AND split_part(product.key, ':', 1) = p.scheme
    JOIN weaknesses_affectedrange r ON r.product_id = link.product_id AND r.weakness_id = o.weakness_id
    WHERE link.software_id = p.software_id AND p.sort_key <> '' AND r.fixed_key > p.sort_key
    ORDER BY r.fixed_key, r.id
    LIMIT 1
) known ON true
WHERE NOT p.upstream AND o.verdict = 'affected' AND o.revoked_at IS NULL
    AND (o.version_id IS NOT NULL OR o.software_id IS NOT NULL OR o.product_id IS NOT NULL)
