-- Probes of packages that an alias calls a product of NVD: language packages, and packages of a maker ("deb-_-..."), never those of
-- a distribution, whose backported fixes make their numbers mean something else. Keyed by probe; reads the links of packages only.
SELECT p.id, p.scheme, p.version, p.sort_key
FROM probe p
JOIN inventory_software s ON s.id = p.software_id
WHERE p.scheme <> 'cpe' AND p.sort_key <> ''
    AND (p.scheme NOT IN ('deb', 'rpm', 'apk') OR starts_with(s.key, p.scheme || '-_-'))
    AND EXISTS (
        SELECT 1
        FROM weaknesses_softwareproduct link
        JOIN weaknesses_product product ON product.id = link.product_id AND product.key LIKE 'cpe:a:%%'
        WHERE link.software_id = p.software_id AND link.confidence > 0
    )
