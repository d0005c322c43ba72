-- Sends back to matching every version that these weaknesses match now or may match (rejected, or rejected no more).
UPDATE inventory_version v
SET matched_at = NULL
WHERE v.matched_at IS NOT NULL AND (
    v.id IN (SELECT version_id FROM weaknesses_versionweakness WHERE weakness_id = ANY(%(weakness_ids)s))
    OR v.software_id IN (
        SELECT link.software_id
        FROM weaknesses_softwareproduct link
        JOIN weaknesses_affectedrange r ON r.product_id = link.product_id
        WHERE r.weakness_id = ANY(%(weakness_ids)s)
    )
)
