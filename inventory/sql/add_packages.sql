-- Binary packages of software, by software id and name; only missing rows are tried. An index look-up each.
INSERT INTO inventory_softwarepackage (software_id, name)
SELECT r.software_id, r.name
FROM unnest(%(software_ids)s::integer[], %(names)s::text[]) AS r (software_id, name)
WHERE NOT EXISTS (SELECT FROM inventory_softwarepackage p WHERE p.software_id = r.software_id AND p.name = r.name)
ORDER BY r.software_id, r.name
ON CONFLICT (software_id, name) DO NOTHING
