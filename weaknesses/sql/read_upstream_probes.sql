-- Probes of software whose products are of another scheme, with that scheme: packages that an alias calls a product of NVD, and
-- products of NVD that are packages. Distribution packages are left out, their makers' own ("deb-_-...") are not: backported fixes
-- make a distribution's numbers mean something else. Keyed by probe; reads the links of the probes.
SELECT DISTINCT p.id, p.scheme, p.version, p.sort_key, split_part(product.key, ':', 1) AS other
FROM probe p
JOIN inventory_software s ON s.id = p.software_id
JOIN weaknesses_softwareproduct link ON link.software_id = p.software_id AND link.confidence > 0
JOIN weaknesses_product product ON product.id = link.product_id
WHERE p.sort_key <> ''
    AND CASE WHEN p.scheme = 'cpe' THEN product.key LIKE 'pypi:%%' ELSE product.key LIKE 'cpe:a:%%' END
    AND (p.scheme NOT IN ('deb', 'rpm', 'apk') OR starts_with(s.key, p.scheme || '-_-'))
