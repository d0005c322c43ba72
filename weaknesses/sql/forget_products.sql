-- Sends back to matching every version of a software that is one of these products, or is a product for
-- which a stand-in speaks whose ranges the ranges of these products may replace, or let count again.
UPDATE inventory_version v
SET matched_at = NULL
FROM (
    SELECT DISTINCT link.software_id
    FROM weaknesses_softwareproduct link
    WHERE link.product_id = ANY(%(product_ids)s)
        OR link.product_id IN (
            SELECT old.product_id
            FROM weaknesses_affectedrange old
            WHERE old.source = ANY(%(stand_ins)s)
                AND old.weakness_id IN (SELECT weakness_id FROM weaknesses_affectedrange WHERE product_id = ANY(%(product_ids)s))
        )
) touched
WHERE v.software_id = touched.software_id AND v.matched_at IS NOT NULL
