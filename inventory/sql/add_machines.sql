-- Machines not known yet, in order of external id so that two writers meet in the same order. A row each.
INSERT INTO inventory_machine (
    external_id, name, domain, family, platform, os_name, os_version, os_build, architecture, ip_addresses,
    group_id, value, internet_facing, excluded, tags, is_demo, first_seen, last_seen, digests, bodies
)
SELECT r.external_id, r.name, r.domain, r.family, r.platform, r.os_name, r.os_version, r.os_build, r.architecture,
       r.ip_addresses, r.group_id, 1, false, false, '{}', false, %(now)s, %(now)s, r.digests, r.bodies
FROM jsonb_to_recordset(%(machines)s::jsonb) AS r (
    external_id text, name text, domain text, family text, platform text, os_name text, os_version text, os_build text,
    architecture text, ip_addresses text[], group_id integer, digests jsonb, bodies text[]
)
ORDER BY r.external_id
ON CONFLICT (external_id) DO NOTHING
RETURNING id, external_id
