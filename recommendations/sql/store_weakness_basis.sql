-- weakness_basis: what the scores of a software take each of its weaknesses for, from this step on. Key (software, weakness, step); written where the
-- newest row says something else. All versions of a software are scored by the same facts, at the same moment. Of the software of part_restated.
DROP TABLE IF EXISTS part_fact
-- ;;
CREATE TEMP TABLE part_fact ON COMMIT DROP AS
SELECT software_id, weakness_id, max(risk)::float8 AS risk, bool_or(exploited OR alerted OR exploit > 0) AS evident
FROM part_pair
WHERE weakness_id IS NOT NULL
  AND software_id IN (SELECT v.software_id FROM part_restated t JOIN inventory_version v ON v.id = t.version_id)
GROUP BY software_id, weakness_id
-- ;;
ANALYZE part_fact
-- ;;
INSERT INTO recommendations_weaknessbasis (software_id, weakness_id, step, risk, evident)
SELECT n.software_id, n.weakness_id, %(step)s, n.risk, n.evident
FROM part_fact n
LEFT JOIN (
    SELECT DISTINCT ON (software_id, weakness_id) software_id, weakness_id, risk, evident
    FROM recommendations_weaknessbasis
    WHERE software_id IN (SELECT software_id FROM part_fact)
    ORDER BY software_id, weakness_id, step DESC
) o ON o.software_id = n.software_id AND o.weakness_id = n.weakness_id
WHERE o.software_id IS NULL OR abs(o.risk - n.risk) > 1e-14 OR o.evident <> n.evident
ON CONFLICT (software_id, weakness_id, step) DO UPDATE SET risk = EXCLUDED.risk, evident = EXCLUDED.evident
