-- Removes the demo fleet from the inventory, and history up to the first real machine. What was computed from it goes with the next run.
DROP TABLE IF EXISTS demo_machine
-- ;;
CREATE TEMP TABLE demo_machine ON COMMIT DROP AS SELECT id FROM inventory_machine WHERE is_demo
-- ;;
DELETE FROM inventory_installation i USING demo_machine d WHERE i.machine_id = d.id
-- ;;
DELETE FROM inventory_installationevidence i USING demo_machine d WHERE i.machine_id = d.id
-- ;;
DELETE FROM inventory_configurationresult i USING demo_machine d WHERE i.machine_id = d.id
-- ;;
DELETE FROM inventory_dirtymachine q USING demo_machine d WHERE q.machine_id = d.id
-- ;;
DELETE FROM inventory_alert a USING demo_machine d WHERE a.machine_id = d.id
-- ;;
DELETE FROM inventory_machine m USING demo_machine d WHERE m.id = d.id
-- ;;
DELETE FROM recommendations_recommendationday
WHERE day < coalesce((SELECT min(first_seen)::date FROM inventory_machine), 'infinity'::date)
-- ;;
DELETE FROM recommendations_scoreday
WHERE day < coalesce((SELECT min(first_seen)::date FROM inventory_machine), 'infinity'::date)
-- ;;
DELETE FROM recommendations_scorechangeday
WHERE day < coalesce((SELECT min(first_seen)::date FROM inventory_machine), 'infinity'::date)
-- ;;
DELETE FROM weaknesses_event
WHERE at < coalesce((SELECT min(first_seen) FROM inventory_machine), 'infinity'::timestamptz)
-- ;;
DELETE FROM weaknesses_epssday
WHERE day < coalesce((SELECT min(first_seen)::date FROM inventory_machine), 'infinity'::date)
-- ;;
-- What only demo machines carried was taken away, not fixed: no event may say so.
DELETE FROM recommendations_presentweakness p
WHERE NOT EXISTS (
    SELECT FROM inventory_installation i JOIN inventory_version v ON v.id = i.version_id WHERE v.software_id = p.software_id
)
