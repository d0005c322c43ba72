-- part_before: group and versions of `machines` as last computed.
DROP TABLE IF EXISTS part_before
-- ;;
CREATE TEMP TABLE part_before ON COMMIT DROP AS
SELECT machine_id, group_id, versions FROM recommendations_machinebasis WHERE machine_id = ANY(%(machines)s)
