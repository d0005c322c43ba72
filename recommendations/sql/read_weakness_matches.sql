-- Versions here that a weakness affects, and the range, or the curator's word (range -id), that says so. Key: (version, weakness). Cost: matches of one weakness.
SELECT w.key, w.name, w.vendor, v.id AS version_id, v.version, v.platform, m.source, m.confidence, m.fix, m.fixed, m.first_matched_at,
       p.key AS product, l.origin, o.reason, r.start, r.start_included, r."end", r.end_included, r.platforms, r.qualifiers::text AS qualifiers, r.requires,
       coalesce((SELECT sum(s.installed) FROM inventory_versionstat s WHERE s.version_id = v.id AND s.group_id = ANY(%(groups)s)), 0)::int AS installed
FROM weaknesses_versionweakness m
JOIN inventory_version v ON v.id = m.version_id
JOIN inventory_software w ON w.id = v.software_id
LEFT JOIN weaknesses_affectedrange r ON r.id = m.range_id
LEFT JOIN weaknesses_product p ON p.id = r.product_id
LEFT JOIN weaknesses_softwareproduct l ON l.product_id = r.product_id AND l.software_id = v.software_id
LEFT JOIN weaknesses_matchoverride o ON o.id = -m.range_id
WHERE m.weakness_id = %(weakness)s
ORDER BY installed DESC, lower(w.name), v.sort_key DESC, v.id
