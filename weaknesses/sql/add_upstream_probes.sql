-- The same versions once more, in the order of another scheme. Keyed by probe.
INSERT INTO probe (id, version_id, software_id, version, sort_key, platforms, scheme, facets, product_keys, hosted, upstream)
SELECT p.id, p.version_id, p.software_id, u.version, u.sort_key, p.platforms, u.scheme, p.facets, p.product_keys, p.hosted, true
FROM jsonb_to_recordset(%(probes)s::jsonb) AS u (id bigint, scheme text, version text, sort_key text)
JOIN probe p ON p.id = u.id
