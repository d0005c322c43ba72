-- Every range that holds a probe, as rows of candidate: probe x links of its software x ranges of the product.
-- Cost: one index scan of range_of_product per linked product. Rules, in order: the same version order; a
-- weakness that is not rejected; both bounds (a bound that cannot be compared has the key '' and holds nothing);
-- the platform; products of an AND; whose product it is where an extension shares its name with a program; qualifiers that the
-- version or the software's name proves; of packages built in a module only ranges of modules, and the reverse; a stand-in source
-- only where no source of a higher rank has ranges of the weakness; the curator's word.
-- `weakness_id` looks at one weakness only; NULL: all.
INSERT INTO candidate (probe_id, weakness_id, range_id, source, confidence, fix, fixed, fixed_key, last, last_key, upstream)
SELECT
    p.id, r.weakness_id, r.id, r.source,
    greatest(1, link.confidence * coalesce((%(source_confidence)s::jsonb ->> split_part(r.source, '/', 1))::integer, %(other_confidence)s) / 100
        - CASE WHEN r.qualifiers = '{}' THEN 0 ELSE %(qualifier_doubt)s END
        - CASE WHEN r.start_key IS NULL AND r.end_key IS NULL AND product.key LIKE 'cpe:%%' THEN %(unbounded_doubt)s ELSE 0 END),
    CASE WHEN r.fixed_key > compared.key THEN 1 WHEN r.end_key IS NOT NULL AND r.end_included THEN 2 ELSE 0 END,
    CASE WHEN r.fixed_key > compared.key THEN r.fixed ELSE '' END,
    CASE WHEN r.fixed_key > compared.key THEN r.fixed_key ELSE '' END,
    CASE WHEN r.end_included THEN r."end" ELSE '' END,
    CASE WHEN r.end_included THEN coalesce(r.end_key, '') ELSE '' END,
    p.upstream
FROM probe p
JOIN weaknesses_softwareproduct link ON link.software_id = p.software_id AND link.confidence > 0
JOIN weaknesses_product product ON product.id = link.product_id
    AND (split_part(product.key, ':', 1) = p.scheme OR (p.scheme = 'cpe' AND product.key LIKE 'other:%%'))
JOIN weaknesses_affectedrange r ON r.product_id = product.id
JOIN weaknesses_weakness w ON w.id = r.weakness_id AND NOT w.rejected
-- An RPM's version without an epoch is compared in the range's: reports leave epochs out, and a package keeps its own. A range
-- without one has epoch 0: advisories write every other. A key begins with it: 0, or the count of its digits and the digits.
CROSS JOIN LATERAL (
    SELECT CASE WHEN p.bare_key IS NULL OR bound.key = '' THEN p.sort_key
        ELSE left(bound.key, strpos('0123456789', left(bound.key, 1))) || p.bare_key END AS key
    FROM (SELECT coalesce(r.end_key, r.start_key, r.fixed_key, '') AS key) bound
) compared
WHERE p.sort_key <> ''
    AND (%(weakness_id)s::integer IS NULL OR r.weakness_id = %(weakness_id)s)
    AND (r.start_key IS NULL OR (r.start_key <> '' AND (compared.key > r.start_key OR (r.start_included AND compared.key = r.start_key))))
    AND (r.end_key IS NULL OR compared.key < r.end_key OR (r.end_included AND compared.key = r.end_key))
    AND (r.platforms = '{}' OR r.platforms && p.platforms::varchar[])
    AND (r.requires = '{}' OR r.requires && p.product_keys::varchar[])
    -- A Windows version without its last number (10.0.22631) names no patch level.
    AND (product.key NOT LIKE 'cpe:o:microsoft:windows%%' OR p.version !~ '^[0-9]+\.[0-9]+\.[0-9]+$')
    -- An extended support release has its own fixed versions: under the plain product's name they must be marked as its own.
    AND (NOT 'esr' = ANY(p.facets) OR product.key LIKE '%%\_esr' OR r.qualifiers ->> 'sw_edition' = 'esr')
    -- What is said of a program, without naming what it runs in, is not said of the extension of the same name.
    AND (NOT p.hosted OR r.qualifiers ? 'target_sw' OR NOT EXISTS (SELECT 1 FROM program_product program WHERE program.key = product.key))
    AND (r.qualifiers = '{}' OR NOT EXISTS (
        SELECT 1
        FROM jsonb_each_text(r.qualifiers) AS q (field, value)
        WHERE NOT (
            q.value = ANY(p.facets)
            OR (q.field IN ('target_hw', 'edition') AND q.value = ANY(%(assumed_hardware)s))
            OR EXISTS (SELECT 1 FROM edition e WHERE e.product = product.key AND e.qualifier = q.field AND e.value = q.value AND p.version ~ e.version)
            OR (q.field = 'module' AND p.version ~ '\.module[+_]')
            OR (q.value = '-' AND NOT p.facets && '{esr,lts}' AND NOT EXISTS (SELECT 1 FROM edition e WHERE e.product = product.key AND e.value = '-'))
        )
    ))
    AND (p.scheme <> 'rpm' OR r.qualifiers ? 'module' OR p.version !~ '\.module[+_]')
    AND (NOT %(ranks)s::jsonb ? r.source OR NOT EXISTS (
        SELECT 1
        FROM weaknesses_affectedrange better
        JOIN weaknesses_product named ON named.id = better.product_id
        WHERE better.weakness_id = r.weakness_id
            AND coalesce((%(ranks)s::jsonb ->> better.source)::integer, 100) > (%(ranks)s::jsonb ->> r.source)::integer
            AND split_part(named.key, ':', 1) = p.scheme
            AND (p.scheme NOT IN ('deb', 'rpm', 'apk') OR split_part(named.key, ':', 2) = split_part(product.key, ':', 2))
            AND (better.source <> ALL(%(single_products)s) OR better.product_id = r.product_id)
    ))
    AND NOT EXISTS (
        SELECT 1
        FROM weaknesses_matchoverride o
        WHERE o.verdict = 'not_affected' AND o.revoked_at IS NULL
            AND (o.software_id IS NULL OR o.software_id = p.software_id)
            AND (o.version_id IS NULL OR o.version_id = p.version_id)
            AND (o.product_id IS NULL OR o.product_id = r.product_id)
            AND (o.weakness_id IS NULL OR o.weakness_id = r.weakness_id)
            AND (o.range_fingerprint = '' OR o.range_fingerprint = r.fingerprint)
    )
