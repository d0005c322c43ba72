-- Fills probe from wanted: what is compared (sort_key), where it runs (platforms), what its name and its host prove (facets).
-- RPM versions also get the key without its epoch (bare_key): reports and advisories may leave an epoch out, and then none is
-- compared. An epoch's code is its count of digits and the digits, or a single 0: see inventory.versions.
TRUNCATE probe, candidate
-- ;;
INSERT INTO probe (
    id, version_id, software_id, version, sort_key, bare_key, has_epoch, platforms, scheme, facets, product_keys, hosted
)
SELECT
    v.id, v.version_id, v.software_id, v.version, v.sort_key,
    CASE WHEN s.ecosystem = 'rpm' THEN substr(v.sort_key, strpos('0123456789', left(v.sort_key, 1)) + 1) END,
    s.ecosystem = 'rpm' AND v.version ~ '^[0-9]+:',
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
    WHERE sp.software_id = s.id
) links ON true
LEFT JOIN (
    SELECT kind, array_agg(target) AS targets
    FROM unnest(%(host_kinds)s::text[], %(host_targets)s::text[]) AS t (kind, target)
    GROUP BY kind
) host ON host.kind = CASE WHEN s.ecosystem = 'other' THEN s.vendor ELSE s.ecosystem END
-- ;;
ANALYZE probe
