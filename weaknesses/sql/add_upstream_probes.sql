-- The same versions once more, in the order of CPEs. Keyed by probe.
INSERT INTO probe (id, version_id, software_id, version, sort_key, has_epoch, platforms, scheme, facets, product_keys, hosted, upstream)
SELECT p.id, p.version_id, p.software_id, u.version, u.sort_key, false, p.platforms, 'cpe', p.facets, p.product_keys, false, true
FROM jsonb_to_recordset(%(probes)s::jsonb) AS u (id bigint, version text, sort_key text)
JOIN probe p ON p.id = u.id
