-- Fixes that CPE ranges state for packages, ordered as the package's versions are: what to update to is chosen among the fixes of every
-- source. One that the package's own order cannot take, or takes for no later version, is no fix. Keyed by candidate.
WITH known AS MATERIALIZED (
    SELECT k.scheme, k.version, k.sort_key COLLATE "C" AS sort_key
    FROM jsonb_to_recordset(%(keys)s::jsonb) AS k (scheme text, version text, sort_key text)
), ordered AS (
    SELECT c.ctid AS place, p.sort_key AS own_key, coalesce(f.sort_key, '') AS fixed_key, coalesce(l.sort_key, '') AS last_key
    FROM candidate c
    JOIN probe p ON p.id = c.probe_id AND NOT p.upstream
    LEFT JOIN known f ON f.scheme = p.scheme AND f.version = c.fixed
    LEFT JOIN known l ON l.scheme = p.scheme AND l.version = c.last
    WHERE c.upstream
)
UPDATE candidate c
SET fix = CASE
        WHEN c.fix = 1 AND o.fixed_key <= o.own_key OR c.fix = 2 AND o.last_key < o.own_key THEN 0
        ELSE c.fix END,
    fixed = CASE WHEN o.fixed_key > o.own_key THEN c.fixed ELSE '' END,
    fixed_key = CASE WHEN o.fixed_key > o.own_key THEN o.fixed_key ELSE '' END,
    last_key = o.last_key
FROM ordered o
WHERE c.ctid = o.place
