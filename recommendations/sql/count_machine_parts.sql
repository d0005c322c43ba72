-- The counters on the tabs of one machine. Key: machine. Cost: its own rows, by primary keys.
SELECT (SELECT count(*) FROM inventory_installation WHERE machine_id = %(machine)s)::int AS software,
       (SELECT count(*) FROM inventory_configurationresult WHERE machine_id = %(machine)s)::int AS checks,
       (SELECT count(*) FROM inventory_configurationresult WHERE machine_id = %(machine)s AND passed)::int AS passed,
       (SELECT count(*) FROM inventory_alert WHERE machine_id = %(machine)s)::int AS alerts,
       (SELECT count(*) FROM inventory_alert WHERE machine_id = %(machine)s AND closed_at IS NULL)::int AS open_alerts,
       EXISTS (SELECT 1 FROM inventory_finding WHERE machine_id = %(machine)s) AS seen_by_others
