-- Marks as seen the machines whose report says what is stored already. Keyed by id, the rows are locked.
-- The digest of a posted report's bytes, where there is one (else ''), joins the last ones of its machine (KEPT in repeats.py).
UPDATE inventory_machine m
SET last_seen = greatest(m.last_seen, %(now)s),
    bodies = CASE WHEN r.body = '' OR r.body = ANY(m.bodies) THEN m.bodies ELSE (ARRAY[r.body]::text[] || m.bodies::text[])[1:16] END
FROM unnest(%(ids)s::integer[], %(bodies)s::text[]) AS r (id, body)
WHERE m.id = r.id
