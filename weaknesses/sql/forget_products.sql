-- Sends back to matching every version of a software that is one of these products, or is a product for which a stand-in
-- speaks of one of these weaknesses: what changed may replace the stand-in's ranges, or let them count again. The weaknesses
-- are given, because ranges that were withdrawn no longer say of which they were.
UPDATE inventory_version v
SET matched_at = NULL
FROM (
    SELECT DISTINCT link.software_id
    FROM weaknesses_softwareproduct link
    WHERE link.product_id = ANY(%(product_ids)s)
        OR link.product_id IN (
            SELECT old.product_id
            FROM weaknesses_affectedrange old
            WHERE old.source = ANY(%(stand_ins)s) AND old.weakness_id = ANY(%(weakness_ids)s)
        )
) touched
WHERE v.software_id = touched.software_id AND v.matched_at IS NOT NULL
