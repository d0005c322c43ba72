-- part_dirty: marked machines of a slice, which it rebuilds whatever else it finds; none where everything is compared in one transaction. Not those with
-- a version that is newer than the run's preparation: it is scored by the incremental run that they wait for.
DROP TABLE IF EXISTS part_dirty
-- ;;
CREATE TEMP TABLE part_dirty ON COMMIT DROP AS
SELECT d.machine_id, d.since
FROM inventory_dirtymachine d
WHERE %(sliced)s AND d.machine_id = ANY(%(machines)s)
  AND NOT EXISTS (SELECT FROM inventory_installation i WHERE i.machine_id = d.machine_id AND i.version_id > %(newest_version)s)
-- ;;
SELECT machine_id, since FROM part_dirty
