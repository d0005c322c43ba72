-- Whether a posted report, by the digest of its bytes, says what is stored of its machine, read with the alias table as it is
-- now; and a value of that table (as in read_alias_fingerprint.sql). Keyed by external id: one machine's row, and one of that table.
-- Only where it does, and the machine was last seen before `seen_before`, its row is written.
WITH aliases AS (
    SELECT lines, digest FROM inventory_aliasedition
),
known AS (
    SELECT m.id, m.last_seen
    FROM inventory_machine m
    CROSS JOIN aliases a
    WHERE m.external_id = %(external_id)s AND m.last_seen >= %(silent_before)s
      AND md5(%(edition)s::integer || ':' || a.lines || ':' || a.digest || '/' || %(digest)s) = ANY(m.bodies)
),
seen AS (
    UPDATE inventory_machine m
    SET last_seen = greatest(m.last_seen, %(now)s)
    FROM known k
    WHERE m.id = k.id AND k.last_seen < %(seen_before)s
)
SELECT lines, digest, EXISTS (SELECT FROM known) AS known FROM aliases
