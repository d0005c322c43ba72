-- Alerts opened, changed and closed; only changed rows are written. Keyed by external id, an index look-up each; known rows
-- are locked in id order. What is closed stays closed, unless it is said to have opened after that.
-- Returns a row for each alert that changed: `matters` where its machine has another set of active alerts now, and the
-- machine that it was active on before (`left_machine`), where that is another.
WITH said AS (
    SELECT * FROM jsonb_to_recordset(%(alerts)s::jsonb) AS r (
        machine_id integer, external_id text, source text, title text, severity text, cve text, opened_at timestamptz, closed_at timestamptz
    )
),
known AS MATERIALIZED (
    SELECT a.* FROM inventory_alert a JOIN said s ON s.external_id = a.external_id ORDER BY a.id FOR UPDATE OF a
),
wanted AS MATERIALIZED (
    SELECT s.machine_id, s.external_id, s.source, s.title, s.severity, s.cve, s.opened_at, c.closed_at,
           k.id IS NULL AS is_new, k.machine_id AS was_on, k.id IS NOT NULL AND k.closed_at IS NULL AS was_active, k.cve AS old_cve
    FROM said s
    LEFT JOIN known k ON k.external_id = s.external_id
    CROSS JOIN LATERAL (
        SELECT CASE WHEN s.closed_at IS NULL AND k.closed_at >= s.opened_at THEN k.closed_at ELSE s.closed_at END AS closed_at
    ) c
    WHERE (k.machine_id, k.source, k.title, k.severity, k.cve, k.opened_at, k.closed_at)
        IS DISTINCT FROM (s.machine_id, s.source, s.title, s.severity, s.cve, s.opened_at, c.closed_at)
),
put AS (
    INSERT INTO inventory_alert (machine_id, external_id, source, title, severity, cve, opened_at, closed_at)
    SELECT machine_id, external_id, source, title, severity, cve, opened_at, closed_at FROM wanted ORDER BY external_id
    ON CONFLICT (external_id) DO UPDATE
    SET machine_id = excluded.machine_id, source = excluded.source, title = excluded.title, severity = excluded.severity,
        cve = excluded.cve, opened_at = excluded.opened_at, closed_at = excluded.closed_at
)
SELECT machine_id,
       was_active <> (closed_at IS NULL) OR (was_active AND (was_on <> machine_id OR old_cve <> cve)) AS matters,
       CASE WHEN was_active AND was_on <> machine_id THEN was_on END AS left_machine
FROM wanted
