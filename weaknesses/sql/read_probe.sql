-- The probes as they are compared. Read by the explanation of one match.
SELECT version_id, software_id, version, sort_key, platforms, scheme, facets, product_keys FROM probe
