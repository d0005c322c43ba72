-- Marks of machines this transaction holds locked.
DELETE FROM inventory_dirtymachine WHERE machine_id = ANY(%(machines)s)
