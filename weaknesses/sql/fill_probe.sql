-- Fills probe from wanted: what is compared (sort_key), where it runs (platforms), what its name and its host prove (facets).
-- RPM versions without an epoch also get the key without the epoch 0 that it begins with (bare_key), to be put into a range's.
TRUNCATE probe, candidate
-- ;;
INSERT INTO probe (
    id, version_id, software_id, version, sort_key, bare_key, platforms, scheme, facets, product_keys, hosted
)
SELECT
    v.id, v.version_id, v.software_id, v.version, v.sort_key,
    CASE WHEN s.ecosystem = 'rpm' AND v.version !~ '^[0-9]+:' THEN substr(v.sort_key, 2) END,
    CASE
        WHEN v.platform IN ('', 'windows', 'macos', 'android', 'ios', 'other') THEN ARRAY[v.platform]::text[]
        ELSE ARRAY[v.platform, regexp_replace(v.platform, '-[^-]*$', ''), 'linux', regexp_replace(v.platform, '^centos(?=-[0-9])', 'rhel')]
    END,
    CASE WHEN s.ecosystem = ANY(%(package_ecosystems)s) THEN s.ecosystem ELSE 'cpe' END,
    regexp_split_to_array(lower(s.key || ' ' || s.name), '[^a-z0-9.+]+') || split_part(s.key, '~', 2) || host.targets,
    coalesce(links.keys, '{}'),
    s.ecosystem = 'other' AND s.vendor = ANY(%(extension_collectors)s) OR s.ecosystem = 'cpe' AND s.key LIKE '%%~%%'
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
LEFT JOIN (
    SELECT kind, array_agg(target) AS targets
    FROM unnest(%(host_kinds)s::text[], %(host_targets)s::text[]) AS t (kind, target)
    GROUP BY kind
) host ON host.kind = CASE WHEN s.ecosystem = 'other' THEN s.vendor ELSE s.ecosystem END
-- ;;
ANALYZE probe
