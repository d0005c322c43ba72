-- version_stat and software_stat by the changes in part_holding, and part_flip: versions that appeared on the fleet or left it.
DROP TABLE IF EXISTS part_change, part_flip
-- ;;
CREATE TEMP TABLE part_change ON COMMIT DROP AS
SELECT kind, id, group_id, sum(machines)::int AS machines FROM part_holding GROUP BY kind, id, group_id HAVING sum(machines) <> 0
-- ;;
ANALYZE part_change
-- ;;
CREATE TEMP TABLE part_flip ON COMMIT DROP AS
SELECT c.version_id FROM (SELECT id AS version_id, sum(machines) AS machines FROM part_change WHERE kind = 0 GROUP BY id) c
LEFT JOIN (
    SELECT version_id, sum(installed) AS installed FROM inventory_versionstat
    WHERE version_id IN (SELECT id FROM part_change WHERE kind = 0) GROUP BY version_id
) o ON o.version_id = c.version_id
WHERE (coalesce(o.installed, 0) = 0) <> (coalesce(o.installed, 0) + c.machines = 0)
-- ;;
INSERT INTO inventory_versionstat AS o (version_id, group_id, installed)
SELECT c.id, c.group_id, c.machines
FROM part_change c JOIN inventory_version v ON v.id = c.id JOIN inventory_machinegroup g ON g.id = c.group_id
WHERE c.kind = 0
ON CONFLICT (version_id, group_id) DO UPDATE SET installed = o.installed + EXCLUDED.installed
-- ;;
DELETE FROM inventory_versionstat o USING part_change c
WHERE c.kind = 0 AND c.machines < 0 AND c.id = o.version_id AND c.group_id = o.group_id AND o.installed <= 0
-- ;;
INSERT INTO inventory_softwarestat AS o (software_id, group_id, installed, exposed)
SELECT c.id, c.group_id, coalesce(sum(c.machines) FILTER (WHERE c.kind = 1), 0), coalesce(sum(c.machines) FILTER (WHERE c.kind = 2), 0)
FROM part_change c JOIN inventory_software s ON s.id = c.id JOIN inventory_machinegroup g ON g.id = c.group_id
WHERE c.kind > 0
GROUP BY c.id, c.group_id
ON CONFLICT (software_id, group_id) DO UPDATE SET installed = o.installed + EXCLUDED.installed, exposed = o.exposed + EXCLUDED.exposed
-- ;;
DELETE FROM inventory_softwarestat o USING part_change c
WHERE c.kind > 0 AND c.machines < 0 AND c.id = o.software_id AND c.group_id = o.group_id AND o.installed <= 0 AND o.exposed <= 0
-- ;;
-- The counters on software that changed.
UPDATE inventory_software s
SET installed_count = n.installed, exposed_count = n.exposed, version_count = n.versions
FROM (
    SELECT c.id,
        (SELECT coalesce(sum(t.installed), 0) FROM inventory_softwarestat t WHERE t.software_id = c.id) AS installed,
        (SELECT coalesce(sum(t.exposed), 0) FROM inventory_softwarestat t WHERE t.software_id = c.id) AS exposed,
        (SELECT count(DISTINCT x.version_id) FROM inventory_versionstat x
         WHERE x.version_id = ANY(ARRAY(SELECT v.id FROM inventory_version v WHERE v.software_id = c.id))) AS versions
    FROM (
        SELECT id FROM part_change WHERE kind > 0
        UNION SELECT v.software_id FROM part_flip f JOIN inventory_version v ON v.id = f.version_id
    ) c
) n
WHERE n.id = s.id AND (s.installed_count, s.exposed_count, s.version_count) IS DISTINCT FROM (n.installed, n.exposed, n.versions)
