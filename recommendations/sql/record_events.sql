-- The timeline: what is present now (part_present) against present_weakness, what the last full run found. One row a
-- software and kind. score_change is how far the impact of the software's recommendations moved since (software_basis).
-- Nothing is told about the very first run: there is nothing to compare with.
DROP TABLE IF EXISTS part_now, part_news, part_software
-- ;;
CREATE TEMP TABLE part_now ON COMMIT DROP AS
SELECT DISTINCT p.software_id, p.weakness_id, w.exploit, w.exploited
FROM part_present p JOIN weaknesses_weakness w ON w.id = p.weakness_id
-- ;;
ANALYZE part_now
-- ;;
CREATE TEMP TABLE part_news ON COMMIT DROP AS
SELECT d.software_id, k.kind, array_agg(d.weakness_id ORDER BY d.weakness_id) AS weakness_ids
FROM (
    SELECT coalesce(n.software_id, o.software_id) AS software_id, coalesce(n.weakness_id, o.weakness_id) AS weakness_id,
        o.weakness_id IS NULL AS arrived, n.weakness_id IS NULL AS left, o.exploit AS exploit_before, n.exploit, o.exploited AS exploited_before, n.exploited
    FROM part_now n
    FULL JOIN recommendations_presentweakness o ON o.software_id = n.software_id AND o.weakness_id = n.weakness_id
    WHERE o.weakness_id IS NULL OR n.weakness_id IS NULL OR n.exploit > o.exploit OR n.exploited AND NOT o.exploited
) d
CROSS JOIN LATERAL (
    SELECT 'new_weakness' AS kind WHERE d.arrived
    UNION ALL SELECT 'fixed' WHERE d.left
    UNION ALL SELECT CASE d.exploit WHEN 1 THEN 'new_exploit' WHEN 2 THEN 'verified' ELSE 'kit' END WHERE d.exploit > d.exploit_before
    UNION ALL SELECT 'exploited' WHERE d.exploited AND NOT d.exploited_before
) k
GROUP BY d.software_id, k.kind
-- ;;
CREATE TEMP TABLE part_software ON COMMIT DROP AS
SELECT r.software_id, 100 * sum(s.impact) / (SELECT nullif(sum(weight), 0) FROM recommendations_groupscore) AS impact,
    (SELECT coalesce(sum(t.exposed), 0) FROM inventory_softwarestat t WHERE t.software_id = r.software_id) AS exposed
FROM recommendations_recommendationstat s
JOIN recommendations_recommendation r ON r.id = s.recommendation_id
WHERE r.software_id IS NOT NULL
GROUP BY r.software_id
-- ;;
ANALYZE part_software
-- ;;
INSERT INTO weaknesses_event (kind, at, software_id, weakness_ids, machines, machines_total, score_change)
SELECT n.kind, %(now)s, n.software_id, n.weakness_ids,
    CASE n.kind WHEN 'fixed' THEN coalesce(o.exposed, 0) ELSE coalesce(c.exposed, 0) END,
    (SELECT coalesce(sum(machines), 0) FROM recommendations_groupscore),
    coalesce(c.impact, 0) - coalesce(o.impact, 0)
FROM part_news n
LEFT JOIN part_software c ON c.software_id = n.software_id
LEFT JOIN recommendations_softwarebasis o ON o.software_id = n.software_id
WHERE NOT %(first)s
ORDER BY n.kind, n.software_id
-- ;;
DELETE FROM recommendations_softwarebasis o WHERE NOT EXISTS (SELECT FROM part_software n WHERE n.software_id = o.software_id)
-- ;;
INSERT INTO recommendations_softwarebasis AS o (software_id, exposed, impact)
SELECT software_id, exposed, coalesce(impact, 0) FROM part_software
ON CONFLICT (software_id) DO UPDATE SET exposed = EXCLUDED.exposed, impact = EXCLUDED.impact
WHERE o.exposed <> EXCLUDED.exposed OR abs(o.impact - EXCLUDED.impact) > 1e-12
-- ;;
DELETE FROM recommendations_presentweakness o
WHERE NOT EXISTS (SELECT FROM part_now n WHERE n.software_id = o.software_id AND n.weakness_id = o.weakness_id)
-- ;;
UPDATE recommendations_presentweakness o SET exploit = n.exploit, exploited = n.exploited
FROM part_now n
WHERE n.software_id = o.software_id AND n.weakness_id = o.weakness_id AND (o.exploit, o.exploited) <> (n.exploit, n.exploited)
-- ;;
INSERT INTO recommendations_presentweakness (software_id, weakness_id, exploit, exploited, since)
SELECT n.software_id, n.weakness_id, n.exploit, n.exploited, %(now)s
FROM part_now n
WHERE NOT EXISTS (SELECT FROM recommendations_presentweakness o WHERE o.software_id = n.software_id AND o.weakness_id = n.weakness_id)
