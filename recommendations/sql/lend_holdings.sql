-- While a full run is under way: what a machine has less may not be counted yet, because its slice counted it lately. What cannot be taken away now waits
-- with what that slice counted. Moves rows of part_holding to pending_holding.
DROP TABLE IF EXISTS part_lent
-- ;;
CREATE TEMP TABLE part_lent ON COMMIT DROP AS
SELECT c.kind, c.id, c.group_id, c.machines + coalesce(v.installed, CASE c.kind WHEN 1 THEN s.installed WHEN 2 THEN s.exposed END, 0) AS machines
FROM (SELECT kind, id, group_id, sum(machines) AS machines FROM part_holding GROUP BY kind, id, group_id HAVING sum(machines) < 0) c
LEFT JOIN inventory_versionstat v ON c.kind = 0 AND v.version_id = c.id AND v.group_id = c.group_id
LEFT JOIN inventory_softwarestat s ON c.kind > 0 AND s.software_id = c.id AND s.group_id = c.group_id
WHERE c.machines + coalesce(v.installed, CASE c.kind WHEN 1 THEN s.installed WHEN 2 THEN s.exposed END, 0) < 0
-- ;;
INSERT INTO part_holding (kind, id, group_id, machines) SELECT kind, id, group_id, -machines FROM part_lent
-- ;;
INSERT INTO recommendations_pendingholding (kind, subject_id, group_id, machines) SELECT kind, id, group_id, machines FROM part_lent
