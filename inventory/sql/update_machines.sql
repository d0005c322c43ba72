-- New facts of known machines, which the caller has locked. Keyed by id; every row is written, as last_seen is new.
UPDATE inventory_machine m
SET name = r.name, domain = r.domain, family = r.family, platform = r.platform, os_name = r.os_name,
    os_version = r.os_version, os_build = r.os_build, architecture = r.architecture, ip_addresses = r.ip_addresses,
    group_id = r.group_id, digests = r.digests, bodies = r.bodies, last_seen = greatest(m.last_seen, %(now)s)
FROM jsonb_to_recordset(%(machines)s::jsonb) AS r (
    id integer, name text, domain text, family text, platform text, os_name text, os_version text, os_build text,
    architecture text, ip_addresses text[], group_id integer, digests jsonb, bodies text[]
)
WHERE m.id = r.id
