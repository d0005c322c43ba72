-- Software named as its alias says; the first line by order wins. Keyed by software key; reads the alias table once.
UPDATE inventory_software s
SET name = a.name, vendor = a.vendor, category = a.category
FROM (
    SELECT DISTINCT ON (key) key, name, vendor, category FROM inventory_softwarealias ORDER BY key, "order", id
) a
WHERE s.key = a.key AND (s.name, s.vendor, s.category) IS DISTINCT FROM (a.name, a.vendor, a.category)
