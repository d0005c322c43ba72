-- How many machines wait to be computed anew, and for how many seconds the first has. Key: none. Cost: the dirty machines, short rows.
SELECT count(*) AS machines, greatest(coalesce(extract(epoch FROM now() - min(since)), 0), 0)::float8 AS seconds FROM inventory_dirtymachine
