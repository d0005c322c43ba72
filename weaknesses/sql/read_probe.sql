-- The probes as they are compared: the version in its own order, then once more for each other scheme. Read by the explanation of one match.
SELECT version_id, software_id, version, sort_key, platforms, scheme, facets, product_keys, hosted, upstream FROM probe ORDER BY upstream, scheme
