-- How many of these versions are there: to see that what is remembered of them may be relied on. An entry of the key's index each.
SELECT count(*) AS versions FROM inventory_version WHERE id = ANY(%(ids)s::integer[])
