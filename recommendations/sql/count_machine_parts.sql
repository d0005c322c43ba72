-- The counters on the page of one machine. Key: machine. Cost: its own rows, by primary keys.
SELECT (SELECT count(*) FROM inventory_installation WHERE machine_id = %(machine)s)::int AS software,
       (SELECT count(*) FROM inventory_alert WHERE machine_id = %(machine)s)::int AS alerts,
       (SELECT array_agg(severity) FROM inventory_alert WHERE machine_id = %(machine)s AND closed_at IS NULL) AS open_alerts,
       EXISTS (SELECT 1 FROM inventory_finding WHERE machine_id = %(machine)s) AS seen_by_others
