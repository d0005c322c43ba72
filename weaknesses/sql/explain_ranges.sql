-- Every range of one weakness for a product of the probed software, with what the matcher made of it: candidate says which
-- hold. Keyed by range. Order: as merge_matches.sql chooses, so that the first one that holds is the one shown.
-- Of a version that is probed in several orders each range has the probe of its own scheme (judged_in), and where none has it,
-- the version's own. compared_key: the version in the range's epoch, as find_candidates.sql compares it. basis: how a package's name
-- led to another package's, as link_software.sql did it. superseded: the source of the highest rank before which a stand-in gives way.
-- Cost: the ranges of one weakness for the products of one software.
SELECT r.id, r.fingerprint, r.source, r.product_id, product.key AS product, link.origin, link.confidence AS link_confidence, basis.word AS basis,
    r.start, r.start_key, r.start_included, r."end", r.end_key, r.end_included, r.fixed, r.fixed_key, r.platforms, r.qualifiers, r.requires,
    p.scheme AS judged_in, compared.key AS compared_key,
    EXISTS (SELECT 1 FROM program_product program WHERE program.key = product.key) AS of_program,
    w.rejected, said.modified_at AS stated_at, c.confidence, coalesce(better.source, '') AS superseded,
    CASE WHEN o.id IS NULL THEN '' ELSE coalesce(nullif(o.reason, ''), 'no reason was given') END AS overruled
FROM weaknesses_affectedrange r
JOIN weaknesses_weakness w ON w.id = r.weakness_id
JOIN weaknesses_product product ON product.id = r.product_id
JOIN weaknesses_softwareproduct link ON link.product_id = r.product_id
JOIN inventory_software software ON software.id = link.software_id
CROSS JOIN LATERAL (
    SELECT own.*
    FROM probe own
    WHERE own.software_id = link.software_id
    ORDER BY split_part(product.key, ':', 1) = own.scheme OR (own.scheme = 'cpe' AND product.key LIKE 'other:%%') DESC, own.upstream
    LIMIT 1
) p
CROSS JOIN LATERAL (
    SELECT CASE WHEN p.bare_key IS NULL OR bound.key = '' OR p.sort_key = '' THEN p.sort_key
        ELSE left(bound.key, strpos('0123456789', left(bound.key, 1))) || p.bare_key END AS key
    FROM (SELECT coalesce(r.end_key, r.start_key, r.fixed_key, '') AS key) bound
) compared
CROSS JOIN LATERAL (
    SELECT CASE
        WHEN link.origin <> 'package' OR p.scheme NOT IN ('deb', 'rpm', 'apk') THEN ''
        WHEN split_part(product.key, ':', 3) = named.own
            THEN CASE WHEN split_part(product.key, ':', 2) = split_part(software.key, '-_-', 1) THEN '' ELSE 'rebuilt' END
        WHEN EXISTS (SELECT 1 FROM inventory_softwarepackage b WHERE b.software_id = software.id AND lower(b.name) = split_part(product.key, ':', 3))
            THEN 'installs'
        ELSE 'source' END AS word
    FROM (SELECT substr(software.key, strpos(software.key, '-_-') + 3) AS own) named
) basis
LEFT JOIN weaknesses_statement said ON said.weakness_id = r.weakness_id AND said.source = r.source
LEFT JOIN candidate c ON c.probe_id = p.id AND c.range_id = r.id
LEFT JOIN LATERAL (
    SELECT other.source
    FROM weaknesses_affectedrange other
    JOIN weaknesses_product named ON named.id = other.product_id
    WHERE %(ranks)s::jsonb ? r.source AND other.weakness_id = r.weakness_id
        AND coalesce((%(ranks)s::jsonb ->> other.source)::integer, 100) > (%(ranks)s::jsonb ->> r.source)::integer
        AND split_part(named.key, ':', 1) = p.scheme
        AND (p.scheme NOT IN ('deb', 'rpm', 'apk') OR split_part(named.key, ':', 2) = split_part(product.key, ':', 2))
        AND (other.source <> ALL(%(single_products)s) OR other.product_id = r.product_id)
    ORDER BY coalesce((%(ranks)s::jsonb ->> other.source)::integer, 100) DESC, other.source
    LIMIT 1
) better ON true
LEFT JOIN LATERAL (
    SELECT o.id, o.reason
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
WHERE r.weakness_id = %(weakness_id)s
ORDER BY c.confidence DESC NULLS LAST, (c.fix = 1) DESC, (c.fix = 2) DESC, c.fixed_key, r.id
LIMIT 200
