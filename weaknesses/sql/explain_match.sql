-- One match with the range and the link behind it. Keyed by (version, weakness).
SELECT m.source, m.confidence, m.fix, m.fixed, m.range_id, m.first_matched_at, v.version, v.platform, w.cve, s.name AS software,
    p.key AS product, l.origin, l.confidence AS link_confidence, r.start, r.start_included, r."end", r.end_included, r.platforms, r.qualifiers,
    r.fingerprint, o.reason, o.created_at AS overridden_at, u.username AS overridden_by
FROM weaknesses_versionweakness m
JOIN inventory_version v ON v.id = m.version_id
JOIN inventory_software s ON s.id = v.software_id
JOIN weaknesses_weakness w ON w.id = m.weakness_id
LEFT JOIN weaknesses_affectedrange r ON r.id = m.range_id
LEFT JOIN weaknesses_product p ON p.id = r.product_id
LEFT JOIN weaknesses_softwareproduct l ON l.product_id = r.product_id AND l.software_id = v.software_id
LEFT JOIN weaknesses_matchoverride o ON o.id = -m.range_id
LEFT JOIN core_user u ON u.id = o.by_id
WHERE m.version_id = %(version_id)s AND m.weakness_id = %(weakness_id)s
