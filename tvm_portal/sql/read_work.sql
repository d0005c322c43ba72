-- What waits and what was done lately, in one row. Key: none. Cost: the dirty machines, the deliveries that are not done, and the reports of
-- the last hour by their index.
SELECT
    (SELECT count(*) FROM inventory_dirtymachine) AS dirty_machines,
    (SELECT extract(epoch FROM %(now)s - min(since)) FROM inventory_dirtymachine) AS oldest_dirty_seconds,
    (SELECT count(*) FROM remediation_delivery WHERE state = 'waiting') AS deliveries_waiting,
    (SELECT count(*) FROM remediation_delivery WHERE state = 'failed') AS deliveries_failed,
    (SELECT count(*) FROM inventory_ingestrun WHERE started_at > %(now)s - interval '1 hour') AS reports,
    (SELECT count(*) FROM inventory_ingestrun WHERE started_at > %(now)s - interval '1 hour' AND state = 'failed') AS reports_failed,
    (SELECT coalesce(sum(machines), 0) FROM inventory_ingestrun WHERE started_at > %(now)s - interval '1 hour') AS machines_reported,
    (SELECT coalesce(sum(rejected), 0) FROM inventory_ingestrun WHERE started_at > %(now)s - interval '1 hour') AS records_refused,
    pg_database_size(current_database()) AS database_bytes
