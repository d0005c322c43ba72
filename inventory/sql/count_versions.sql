-- How many of these versions are there, and the sum of their software's ids: to see that what is remembered of them may be relied
-- on. A row each.
SELECT count(*) AS versions, coalesce(sum(software_id), 0) AS software FROM inventory_version WHERE id = ANY(%(ids)s::integer[])
