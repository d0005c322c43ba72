-- Whether the number of scored machines of a group moved, or one of `machines` is not scored.
SELECT EXISTS (SELECT FROM part_group GROUP BY group_id HAVING sum(machines) <> 0)
    OR EXISTS (SELECT FROM unnest(%(machines)s::int[]) AS m(id) WHERE NOT EXISTS (SELECT FROM part_live l WHERE l.machine_id = m.id)) AS changed
