-- Machines of one slice: there now, or counted by the last computation. One pass over each table.
SELECT id FROM inventory_machine WHERE satisfies_hash_partition('inventory_installation'::regclass, %(slices)s, %(number)s, id)
UNION
SELECT machine_id FROM recommendations_machinebasis
WHERE satisfies_hash_partition('inventory_installation'::regclass, %(slices)s, %(number)s, machine_id)
UNION
SELECT machine_id FROM recommendations_machinescore
WHERE satisfies_hash_partition('inventory_installation'::regclass, %(slices)s, %(number)s, machine_id)
