-- part_known: the scores of a version twice, as they are and by what machines rebuilt at steps [since, until) took its weaknesses for: the same
-- matches, the facts of then. Keyed (version, since, recommendation). A weakness that was not known then has the facts of now.
-- From part_pair and part_need; a recommendation that does not exist has a negative id.
DROP TABLE IF EXISTS part_then, part_known
-- ;;
CREATE TEMP TABLE part_then ON COMMIT DROP AS
SELECT DISTINCT ON (k.software_id, k.since, f.weakness_id) k.software_id, k.since, f.weakness_id, f.risk, f.evident
FROM part_need k
JOIN recommendations_weaknessbasis f ON f.software_id = k.software_id AND f.step < k.until
ORDER BY k.software_id, k.since, f.weakness_id, f.step DESC
-- ;;
ANALYZE part_then
-- ;;
CREATE TEMP TABLE part_known ON COMMIT DROP AS
WITH pair AS (
    SELECT p.version_id, p.software_id, k.since, k.until, coalesce(f.risk, p.risk) AS risk,
        CASE WHEN p.slot IS NULL OR p.slot = '-_-attention' THEN CASE
            WHEN %(no_fix_counts)s = 'always'
                OR %(no_fix_counts)s = 'exploited' AND coalesce(f.evident, p.exploited OR p.alerted OR p.exploit > 0) THEN '-_-attention' END
        ELSE p.slot END AS slot
    FROM part_need k
    JOIN part_pair p ON p.software_id = k.software_id
    LEFT JOIN part_then f ON f.software_id = k.software_id AND f.since = k.since AND f.weakness_id = p.weakness_id
), known AS (
    SELECT p.version_id, p.since, p.until, coalesce(r.id, -p.software_id) AS recommendation_id, max(p.risk) AS peak, sum(p.risk) AS sum
    FROM pair p
    JOIN inventory_software s ON s.id = p.software_id
    LEFT JOIN recommendations_recommendation r ON r.key = 'va-_-' || s.key || p.slot
    WHERE p.slot IS NOT NULL
    GROUP BY p.version_id, p.since, p.until, coalesce(r.id, -p.software_id)
), scored AS (
    SELECT k.since, k.until, s.*
    FROM part_need k
    JOIN inventory_version v ON v.software_id = k.software_id
    JOIN recommendations_versionscore s ON s.version_id = v.id
)
SELECT coalesce(n.version_id, s.version_id) AS version_id, coalesce(n.since, s.since) AS since, coalesce(n.until, s.until) AS until,
    coalesce(n.recommendation_id, s.recommendation_id) AS recommendation_id,
    n.peak AS known_peak, n.sum AS known_sum, s.peak, s.sum, s.exploit, s.exploited
FROM known n
FULL JOIN scored s ON s.version_id = n.version_id AND s.since = n.since AND s.recommendation_id = n.recommendation_id
-- ;;
ANALYZE part_known
