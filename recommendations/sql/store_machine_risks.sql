-- machine_risk of `machines` (`all_due`), or of those among them, or among all, that need it: contents (signature) or place (group, system) are others, or a version
-- they carry moved (part_version_moved). Keyed by machine; differences only. Leaves part_risk_before: the rows of `machines`
-- as they were. Cost: scored machines once, and the versions of those made again.
DROP TABLE IF EXISTS part_risk_before, part_risk_place, part_risk_due, part_risk
-- ;;
CREATE TEMP TABLE part_risk_before ON COMMIT DROP AS
SELECT * FROM recommendations_machinerisk WHERE %(all_due)s AND machine_id = ANY(%(machines)s)
-- ;;
CREATE TEMP TABLE part_risk_place ON COMMIT DROP AS
WITH known AS MATERIALIZED (  -- a fleet has few systems, and patterns cost more than all joins
    SELECT m.family, m.platform, m.os_name, m.os_build,
        coalesce(nullif(regexp_replace(m.platform, '-[0-9].*$', ''), ''), m.family) AS place,
        CASE WHEN m.family = 'windows' THEN coalesce(r.name, nullif(m.os_name, ''), 'Windows') ELSE '' END AS release
    FROM (
        SELECT DISTINCT family, platform, os_name, os_build
        FROM inventory_machine
        WHERE %(everything)s OR id = ANY(%(machines)s)
    ) m
    LEFT JOIN unnest(%(builds)s::text[], %(servers)s::boolean[], %(releases)s::text[]) AS r (build, server, name)
        ON r.build = substring(m.os_build from '^(?:10\.0\.)?([0-9]{5})') AND r.server = (m.os_name ILIKE '%%server%%')
)
SELECT b.machine_id, b.group_id, b.signature, k.place AS platform, k.release
FROM recommendations_machinebasis b
JOIN inventory_machine m ON m.id = b.machine_id AND (%(everything)s OR m.id = ANY(%(machines)s))
JOIN known k ON k.os_build = m.os_build AND k.os_name = m.os_name AND k.platform = m.platform AND k.family = m.family
WHERE %(everything)s OR b.machine_id = ANY(%(machines)s)
-- ;;
ANALYZE part_risk_place (machine_id)
-- ;;
CREATE TEMP TABLE part_risk_due ON COMMIT DROP AS
SELECT p.machine_id
FROM part_risk_place p
LEFT JOIN recommendations_machinerisk o ON o.machine_id = p.machine_id AND (%(everything)s OR o.machine_id = ANY(%(machines)s))
WHERE %(all_due)s OR (o.group_id, o.signature, o.platform, o.release) IS DISTINCT FROM (p.group_id, p.signature, p.platform, p.release)
UNION
SELECT i.machine_id FROM part_version_moved v JOIN inventory_installation i ON i.version_id = v.version_id
-- ;;
ANALYZE part_risk_due
-- ;;
CREATE TEMP TABLE part_risk ON COMMIT DROP AS
SELECT p.*, w.severity, w.exploit, w.published_on,
    CASE WHEN w.published_on IS NULL THEN %(unknown_day)s::date WHEN w.published_on < %(old_before)s THEN %(long_ago)s::date ELSE w.published_on END
        AS counted_on
FROM part_risk_due d
JOIN part_risk_place p ON p.machine_id = d.machine_id
LEFT JOIN (
    SELECT d.machine_id, max(r.severity) AS severity, max(r.exploit) AS exploit, min(r.published_on) AS published_on
    FROM part_risk_due d
    JOIN recommendations_machinebasis b ON b.machine_id = d.machine_id AND (%(everything)s OR b.machine_id = ANY(%(machines)s))
    CROSS JOIN unnest(b.versions) AS v(version_id)
    JOIN part_version_risk r ON r.version_id = v.version_id
    GROUP BY d.machine_id
) w ON w.machine_id = d.machine_id
-- ;;
ANALYZE part_risk
-- ;;
DELETE FROM recommendations_machinerisk o
WHERE (%(everything)s OR o.machine_id = ANY(%(machines)s)) AND NOT EXISTS (SELECT FROM part_risk_place p WHERE p.machine_id = o.machine_id)
-- ;;
INSERT INTO recommendations_machinerisk (machine_id, group_id, signature, severity, exploit, published_on, counted_on, platform, release)
SELECT machine_id, group_id, signature, severity, exploit, published_on, counted_on, platform, release FROM part_risk
ON CONFLICT (machine_id) DO UPDATE
SET group_id = EXCLUDED.group_id, signature = EXCLUDED.signature, severity = EXCLUDED.severity, exploit = EXCLUDED.exploit,
    published_on = EXCLUDED.published_on, counted_on = EXCLUDED.counted_on, platform = EXCLUDED.platform, release = EXCLUDED.release
WHERE (recommendations_machinerisk.group_id, recommendations_machinerisk.signature, recommendations_machinerisk.severity,
        recommendations_machinerisk.exploit, recommendations_machinerisk.published_on, recommendations_machinerisk.counted_on,
        recommendations_machinerisk.platform, recommendations_machinerisk.release)
    IS DISTINCT FROM (EXCLUDED.group_id, EXCLUDED.signature, EXCLUDED.severity, EXCLUDED.exploit, EXCLUDED.published_on, EXCLUDED.counted_on,
        EXCLUDED.platform, EXCLUDED.release)
-- ;;
UPDATE recommendations_machinerisk SET counted_on = %(long_ago)s
WHERE %(everything)s AND published_on < %(old_before)s AND counted_on <> %(long_ago)s
