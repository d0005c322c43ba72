-- A value that changes with every statement that changes the alias table, and its lines. One row, which a trigger of that table writes.
SELECT lines, digest FROM inventory_aliasedition
