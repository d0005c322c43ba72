-- Merges a vendor's updates from incoming_update. Key: (product, kb, source). Only rows that differ are written.
-- Rows touched, in order: -, new products, changed, new. A month has a few hundred rows.
ANALYZE incoming_update;
-- ;;
INSERT INTO weaknesses_product (key)
SELECT DISTINCT product FROM incoming_update AS i
WHERE NOT EXISTS (SELECT FROM weaknesses_product AS p WHERE p.key = i.product) ORDER BY product
ON CONFLICT (key) DO NOTHING;
-- ;;
UPDATE weaknesses_securityupdate AS u
SET title = i.title, fixed = i.fixed, fixed_key = i.fixed_key, released_on = i.released_on, url = i.url, cves = i.cves, supersedes = i.supersedes
FROM incoming_update AS i
JOIN weaknesses_product AS p ON p.key = i.product
WHERE u.product_id = p.id AND u.kb = i.kb AND u.source = %(source)s
  AND (u.title, u.fixed, u.released_on, u.url, u.cves::text[], u.supersedes::text[])
      IS DISTINCT FROM (i.title, i.fixed, i.released_on, i.url, i.cves, i.supersedes);
-- ;;
INSERT INTO weaknesses_securityupdate (product_id, kb, source, title, fixed, fixed_key, released_on, url, cves, supersedes)
SELECT p.id, i.kb, %(source)s, i.title, i.fixed, i.fixed_key, i.released_on, i.url, i.cves, i.supersedes
FROM incoming_update AS i
JOIN weaknesses_product AS p ON p.key = i.product
ON CONFLICT (product_id, kb, source) DO NOTHING;
