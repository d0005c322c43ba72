-- Every range of one weakness for a product of the probed software, with what the matcher made of it: candidate says which
-- hold. Keyed by range. Order: as merge_matches.sql chooses, so that the first one that holds is the one shown.
-- Cost: the ranges of one weakness for the products of one software.
SELECT r.id, r.fingerprint, r.source, r.product_id, product.key AS product, link.origin, link.confidence AS link_confidence,
    r.start, r.start_key, r.start_included, r."end", r.end_key, r.end_included, r.fixed, r.fixed_key, r.platforms, r.qualifiers, r.requires,
    said.modified_at AS stated_at, c.confidence, better.found AS superseded, coalesce(o.reason, '') AS overruled
FROM probe p
JOIN weaknesses_softwareproduct link ON link.software_id = p.software_id
JOIN weaknesses_product product ON product.id = link.product_id
JOIN weaknesses_affectedrange r ON r.product_id = product.id AND r.weakness_id = %(weakness_id)s
LEFT JOIN weaknesses_statement said ON said.weakness_id = r.weakness_id AND said.source = r.source
LEFT JOIN candidate c ON c.probe_id = p.id AND c.range_id = r.id
CROSS JOIN LATERAL (
    SELECT %(ranks)s::jsonb ? r.source AND EXISTS (
        SELECT 1
        FROM weaknesses_affectedrange other
        JOIN weaknesses_product named ON named.id = other.product_id
        WHERE other.weakness_id = r.weakness_id
            AND coalesce((%(ranks)s::jsonb ->> other.source)::integer, 100) > (%(ranks)s::jsonb ->> r.source)::integer
            AND split_part(named.key, ':', 1) = p.scheme
            AND (p.scheme NOT IN ('deb', 'rpm', 'apk') OR split_part(named.key, ':', 2) = split_part(product.key, ':', 2))
            AND (other.source <> ALL(%(single_products)s) OR other.product_id = r.product_id)
    ) AS found
) better
LEFT JOIN LATERAL (
    SELECT o.reason
    FROM weaknesses_matchoverride o
    WHERE o.verdict = 'not_affected' AND o.revoked_at IS NULL
        AND (o.software_id IS NULL OR o.software_id = p.software_id)
        AND (o.version_id IS NULL OR o.version_id = p.version_id)
        AND (o.product_id IS NULL OR o.product_id = r.product_id)
        AND (o.weakness_id IS NULL OR o.weakness_id = r.weakness_id)
        AND (o.range_fingerprint = '' OR o.range_fingerprint = r.fingerprint)
    ORDER BY o.id
    LIMIT 1
) o ON true
ORDER BY c.confidence DESC NULLS LAST, (c.fix = 1) DESC, (c.fix = 2) DESC, c.fixed_key, r.id
LIMIT 200
