-- Binary packages of the software that versions are of; only missing rows are tried. Two index look-ups a package.
INSERT INTO inventory_softwarepackage (software_id, name)
SELECT DISTINCT v.software_id, r.name
FROM unnest(%(version_ids)s::integer[], %(names)s::text[]) AS r (version_id, name)
JOIN inventory_version v ON v.id = r.version_id
WHERE NOT EXISTS (SELECT FROM inventory_softwarepackage p WHERE p.software_id = v.software_id AND p.name = r.name)
ORDER BY v.software_id, r.name
ON CONFLICT (software_id, name) DO NOTHING
