-- part_live: machines seen lately and not excluded, with what their likelihood depends on.
-- part_checked: impact-weighted results of a machine. Of all machines, or of `machines`; one pass over the results.
DROP TABLE IF EXISTS part_live, part_checked
-- ;;
CREATE TEMP TABLE part_live ON COMMIT DROP AS
SELECT m.id AS machine_id, m.group_id, m.internet_facing,
    CASE m.value WHEN 0 THEN %(value_low)s WHEN 2 THEN %(value_high)s ELSE %(value_normal)s END::float8 AS weight,
    a.machine_id IS NOT NULL AS alerted
FROM inventory_machine m
LEFT JOIN (SELECT DISTINCT machine_id FROM inventory_alert WHERE closed_at IS NULL) a ON a.machine_id = m.id
WHERE NOT m.excluded AND m.last_seen >= %(active_since)s AND (%(everything)s OR m.id = ANY(%(machines)s))
-- ;;
CREATE UNIQUE INDEX ON part_live (machine_id)
-- ;;
ANALYZE part_live
-- ;;
CREATE TEMP TABLE part_checked ON COMMIT DROP AS
SELECT r.machine_id, sum(c.impact) AS total, coalesce(sum(c.impact) FILTER (WHERE r.passed), 0) AS passed,
    sum(hashint4extended(r.configuration_id * 2 + r.passed::int, 2) & 281474976710655)::bigint AS signature
FROM inventory_configurationresult r
JOIN inventory_configuration c ON c.id = r.configuration_id
WHERE %(whole)s OR r.machine_id = ANY(%(machines)s)
GROUP BY r.machine_id
-- ;;
-- The index tells the planner all that it asks: how many rows, each of another machine.
CREATE UNIQUE INDEX ON part_checked (machine_id)
