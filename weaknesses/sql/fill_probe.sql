-- Fills probe from wanted: what is compared (sort_key), where it runs (platforms), what its name proves (facets).
TRUNCATE probe, candidate
-- ;;
INSERT INTO probe (id, version_id, software_id, version, sort_key, platforms, scheme, facets, product_keys)
SELECT
    v.id, v.version_id, v.software_id, v.version, v.sort_key,
    CASE
        WHEN v.platform IN ('', 'windows', 'macos', 'android', 'ios', 'other') THEN ARRAY[v.platform]::text[]
        ELSE ARRAY[v.platform, regexp_replace(v.platform, '-[^-]*$', ''), 'linux']
    END,
    CASE WHEN s.ecosystem = ANY(%(package_ecosystems)s) THEN s.ecosystem ELSE 'cpe' END,
    regexp_split_to_array(lower(s.key || ' ' || s.name), '[^a-z0-9.+]+'),
    coalesce(links.keys, '{}')
FROM wanted v
JOIN inventory_software s ON s.id = v.software_id
LEFT JOIN LATERAL (
    SELECT array_agg(p.key) AS keys
    FROM weaknesses_softwareproduct sp
    JOIN weaknesses_product p ON p.id = sp.product_id
    WHERE sp.software_id = s.id AND sp.confidence > 0
        AND NOT EXISTS (  -- what a curator says the software is not, it does not bring along either
            SELECT 1
            FROM weaknesses_matchoverride o
            WHERE o.verdict = 'not_affected' AND o.revoked_at IS NULL AND o.product_id = sp.product_id AND o.software_id = sp.software_id
                AND o.version_id IS NULL AND o.weakness_id IS NULL AND o.range_fingerprint = '')
) links ON true
-- ;;
ANALYZE probe
