-- Which of `machines` are in a slice whose sums wait to be added up.
SELECT m.id
FROM unnest(%(machines)s::int[]) AS m(id)
JOIN recommendations_runslice s ON s.summed AND satisfies_hash_partition('inventory_installation'::regclass, %(slices)s, s.number, m.id)
