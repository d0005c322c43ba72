-- The tags in use in some machine groups (null: in all), in alphabetical order. Key: tag. Cost: one pass over the machines that have tags; the caller keeps the answer.
SELECT DISTINCT tag
FROM inventory_machine m CROSS JOIN unnest(m.tags) AS t(tag)
WHERE m.tags <> '{}' AND (%(groups)s::bigint[] IS NULL OR m.group_id = ANY(%(groups)s))
ORDER BY tag
LIMIT %(limit)s
