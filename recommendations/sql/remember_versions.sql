-- part_before: versions on `machines` as last computed.
DROP TABLE IF EXISTS part_before
-- ;;
CREATE TEMP TABLE part_before ON COMMIT DROP AS
SELECT machine_id, versions FROM recommendations_machinebasis WHERE machine_id = ANY(%(machines)s)
