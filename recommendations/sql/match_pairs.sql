-- part_pair: every (version, weakness) match with its risk (severity x threat) and the one recommendation that
-- removes it: slot '' (update or uninstall), '-_-upgrade', '-_-attention', or NULL (no fix, not counted).
-- Of all software, or of software_ids. One pass over the matches. The rules are recommendations.rules.recommendation_of.
DROP TABLE IF EXISTS part_cycle, part_rolling, part_text, part_pair
-- ;;
CREATE TEMP TABLE part_cycle ON COMMIT DROP AS
SELECT DISTINCT l.software_id, c.cycle, c.ends_on - c.released_on AS days
FROM weaknesses_supportcycle c
CROSS JOIN unnest(c.product_keys) AS k(key)
JOIN weaknesses_product p ON p.key = k.key
JOIN weaknesses_softwareproduct l ON l.product_id = p.id
WHERE %(everything)s OR l.software_id = ANY(%(software_ids)s)
-- ;;
-- A product that replaces its lines within ten months (browsers, editors) has really only one: moving on is an update, not an upgrade.
CREATE TEMP TABLE part_rolling ON COMMIT DROP AS
SELECT software_id FROM part_cycle GROUP BY software_id HAVING percentile_cont(0.5) WITHIN GROUP (ORDER BY days) < 300
-- ;;
DELETE FROM part_cycle WHERE software_id IN (SELECT software_id FROM part_rolling)
-- ;;
-- The release line of every version text that matters: the longest cycle it starts with.
CREATE TEMP TABLE part_text ON COMMIT DROP AS
SELECT t.software_id, t.text, max(l.cycle COLLATE "C") AS line
FROM (
    SELECT v.software_id, v.version AS text FROM inventory_version v WHERE v.software_id IN (SELECT software_id FROM part_cycle)
    UNION
    SELECT v.software_id, m.fixed FROM weaknesses_versionweakness m JOIN inventory_version v ON v.id = m.version_id
    WHERE m.fixed <> '' AND v.software_id IN (SELECT software_id FROM part_cycle)
) t
JOIN part_cycle l ON l.software_id = t.software_id AND (t.text = l.cycle OR starts_with(t.text, l.cycle || '.'))
GROUP BY t.software_id, t.text
-- ;;
ANALYZE part_rolling
-- ;;
ANALYZE part_text
-- ;;
CREATE TEMP TABLE part_pair ON COMMIT DROP AS
WITH alerted AS (
    SELECT DISTINCT cve COLLATE "C" AS cve FROM inventory_alert WHERE closed_at IS NULL AND cve <> ''
), pair AS (
    SELECT m.version_id, v.software_id, m.weakness_id, m.fix, m.fixed, v.version, w.exploit, w.exploited, a.cve IS NOT NULL AS alerted,
        coalesce(w.cvss / 10, CASE w.severity WHEN 4 THEN 0.95 WHEN 3 THEN 0.75 WHEN 2 THEN 0.5 WHEN 1 THEN 0.25 ELSE 0.5 END) AS severity,
        greatest(w.epss, CASE
            WHEN w.exploited OR a.cve IS NOT NULL THEN %(floor_exploited)s
            WHEN w.exploit = 3 THEN %(floor_kit)s
            WHEN w.exploit = 2 THEN %(floor_verified)s
            WHEN w.exploit = 1 THEN %(floor_public)s
            ELSE %(floor_any)s END) AS threat,
        s.support = 4 AS ended, s.ecosystem,
        v.support_ends_on < %(today)s AND r.software_id IS NULL AS line_ended
    FROM weaknesses_versionweakness m
    JOIN inventory_version v ON v.id = m.version_id
    JOIN inventory_software s ON s.id = v.software_id
    JOIN weaknesses_weakness w ON w.id = m.weakness_id
    LEFT JOIN alerted a ON a.cve = w.cve
    LEFT JOIN part_rolling r ON r.software_id = v.software_id
    WHERE NOT w.rejected AND (%(everything)s OR v.software_id = ANY(%(software_ids)s))
)
SELECT p.version_id, p.software_id, p.weakness_id, p.exploit, p.exploited, p.alerted, p.severity, p.threat, p.severity * p.threat AS risk,
    CASE
        WHEN p.ended THEN ''
        WHEN p.fix = 0 THEN CASE
            WHEN %(no_fix_counts)s = 'always'
                OR %(no_fix_counts)s = 'exploited' AND (p.exploited OR p.alerted OR p.exploit > 0) THEN '-_-attention' END
        WHEN p.line_ended THEN '-_-upgrade'
        WHEN here.line <> there.line THEN '-_-upgrade'
        WHEN p.ecosystem IN ('pypi', 'npm', 'maven', 'composer', 'golang', 'gem', 'nuget', 'cargo')
            AND substring(p.version from '^[vV]?(\d+)') <> substring(p.fixed from '^[vV]?(\d+)') THEN '-_-upgrade'
        ELSE '' END AS slot
FROM pair p
LEFT JOIN part_text here ON here.software_id = p.software_id AND here.text = p.version
LEFT JOIN part_text there ON there.software_id = p.software_id AND there.text = p.fixed AND p.fixed <> ''
-- ;;
-- Out of support: listed even without a known weakness, with nothing to count (weakness_id NULL).
INSERT INTO part_pair (version_id, software_id, exploit, exploited, alerted, severity, threat, risk, slot)
SELECT v.id, v.software_id, 0, false, false, 0, 0, 0, CASE WHEN s.support = 4 THEN '' ELSE '-_-upgrade' END
FROM inventory_version v
JOIN inventory_software s ON s.id = v.software_id
WHERE (%(everything)s OR v.software_id = ANY(%(software_ids)s))
  AND (s.support = 4 OR v.support_ends_on < %(today)s AND v.software_id NOT IN (SELECT software_id FROM part_rolling))
-- ;;
ANALYZE part_pair (version_id, software_id)
