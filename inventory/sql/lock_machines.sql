-- What is stored of the reported machines, locked in id order. Keyed by external id; an index row each.
SELECT id, external_id, name, domain, family, platform, os_name, os_version, os_build, architecture, ip_addresses,
       group_id, tags, digests, bodies, last_seen
FROM inventory_machine
WHERE external_id = ANY(%(external_ids)s)
ORDER BY id
FOR UPDATE
