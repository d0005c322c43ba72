-- Sends every version back to matching.
UPDATE inventory_version SET matched_at = NULL WHERE matched_at IS NOT NULL
