-- The tags in use, in alphabetical order. Key: tag. Cost: one pass over the machines that have tags; the caller keeps the answer.
SELECT DISTINCT tag
FROM inventory_machine m CROSS JOIN unnest(m.tags) AS t(tag)
WHERE m.tags <> '{}'
ORDER BY tag
LIMIT %(limit)s
