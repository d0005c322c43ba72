-- Machines that a report calls by their name, where their own reports have another identifier: only where a name, case aside,
-- is that of one machine. Demo machines are nobody's. By the index on lower(name); a look-up a name.
SELECT n.asked, min(m.external_id) AS external_id
FROM unnest(%(names)s::text[]) AS n (asked)
JOIN inventory_machine m ON lower(m.name) = lower(n.asked)
WHERE NOT m.is_demo
GROUP BY n.asked
HAVING count(*) = 1
