-- Machines that a report calls by their name, where their own reports have another identifier: only where a name, case aside,
-- is that of one machine. Demo machines are nobody's. By the index on lower(name); a look-up a name, whatever the table's statistics
-- say (OFFSET 0).
SELECT n.asked, min(m.external_id) AS external_id
FROM unnest(%(names)s::text[]) AS n (asked)
CROSS JOIN LATERAL (SELECT external_id FROM inventory_machine WHERE lower(name) = lower(n.asked) AND NOT is_demo OFFSET 0) m
GROUP BY n.asked
HAVING count(*) = 1
