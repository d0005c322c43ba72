-- Marks as seen the machines whose report says what is stored already, keyed by external id and the digests of its
-- parts. Returns them with when they were seen before. A digest per machine, no installation is read.
-- The digest of a posted report's bytes, where there is one (else ''), joins the last ones of its machine (KEPT in repeats.py).
-- Rows are locked in id order, as every writer here does, so that two reports cannot wait for each other.
WITH report AS (
    SELECT external_id, digests, body
    FROM unnest(%(external_ids)s::text[], %(digests)s::jsonb[], %(bodies)s::text[]) AS r (external_id, digests, body)
),
same AS (
    SELECT m.id, m.external_id, m.last_seen, r.body
    FROM inventory_machine m
    JOIN report r ON r.external_id = m.external_id
    WHERE m.digests @> r.digests AND r.digests <> '{}'
    ORDER BY m.id
    FOR UPDATE OF m
)
UPDATE inventory_machine m
SET last_seen = greatest(m.last_seen, %(now)s),
    bodies = CASE WHEN same.body = '' OR same.body = ANY(m.bodies) THEN m.bodies ELSE (ARRAY[same.body]::text[] || m.bodies::text[])[1:16] END
FROM same
WHERE m.id = same.id
RETURNING m.id, m.external_id, same.last_seen AS seen_before
