-- What other scanners say of one machine beside what we say, where it differs first; with the counts of all of it. Keyed by
-- (version, weakness). verdict: agree; they (found by a scanner only); we (ours only, in a kind of software that one of the
-- scanners of this machine reports on). Always at least one row: the counts. Cost: findings and matches of one machine.
WITH ours AS (
    SELECT i.version_id, w.cve AS weakness
    FROM inventory_installation i
    JOIN weaknesses_versionweakness m ON m.version_id = i.version_id
    JOIN weaknesses_weakness w ON w.id = m.weakness_id
    WHERE i.machine_id = %(machine)s
), theirs AS (
    SELECT version_id, weakness, array_agg(DISTINCT source ORDER BY source) AS sources, max(fixed) AS fixed
    FROM inventory_finding
    WHERE machine_id = %(machine)s
    GROUP BY version_id, weakness
), covered AS (
    SELECT s.ecosystem, array_agg(DISTINCT f.source ORDER BY f.source) AS sources
    FROM inventory_finding f
    JOIN inventory_version v ON v.id = f.version_id
    JOIN inventory_software s ON s.id = v.software_id
    WHERE f.machine_id = %(machine)s
    GROUP BY s.ecosystem
), pair AS (
    SELECT v.id AS version_id, v.version, v.matched_at, s.id AS software_id, s.key AS software_key, s.name AS software, weakness,
        coalesce(theirs.sources, covered.sources) AS sources, coalesce(theirs.fixed, '') AS fixed,
        CASE WHEN ours.weakness IS NULL THEN 'they' WHEN theirs.sources IS NULL THEN 'we' ELSE 'agree' END AS verdict
    FROM ours
    FULL JOIN theirs USING (version_id, weakness)
    JOIN inventory_version v ON v.id = version_id
    JOIN inventory_software s ON s.id = v.software_id
    LEFT JOIN covered ON covered.ecosystem = s.ecosystem
    WHERE theirs.sources IS NOT NULL OR covered.sources IS NOT NULL
), counts AS (
    SELECT count(*) FILTER (WHERE verdict = 'agree')::int AS agree, count(*) FILTER (WHERE verdict = 'they')::int AS they,
        count(*) FILTER (WHERE verdict = 'we')::int AS we
    FROM pair
), listed AS (
    SELECT pair.*, w.id AS weakness_id, w.severity, w.rejected, count(*) OVER ()::int AS total
    FROM pair
    LEFT JOIN weaknesses_weakness w ON w.cve = pair.weakness
    WHERE verdict = ANY(%(verdicts)s) AND (%(text)s = '' OR weakness ILIKE %(pattern)s OR software ILIKE %(pattern)s)
    ORDER BY verdict = 'agree', verdict, w.severity DESC NULLS LAST, weakness DESC, version_id
    LIMIT %(limit)s OFFSET %(offset)s
)
SELECT counts.agree, counts.they, counts.we, l.*,
    CASE
        WHEN l.verdict IS DISTINCT FROM 'they' THEN ''
        WHEN l.weakness_id IS NULL THEN CASE WHEN l.weakness LIKE 'CVE-%%' THEN 'unknown' ELSE 'other_id' END
        WHEN l.rejected THEN 'rejected'
        WHEN EXISTS (
            SELECT 1 FROM weaknesses_matchoverride o
            WHERE o.verdict = 'not_affected' AND o.revoked_at IS NULL AND o.range_fingerprint = ''
                AND (o.version_id IS NULL OR o.version_id = l.version_id) AND (o.software_id IS NULL OR o.software_id = l.software_id)
                AND (o.weakness_id IS NULL OR o.weakness_id = l.weakness_id)
                AND (o.product_id IS NULL OR EXISTS (
                    SELECT 1 FROM weaknesses_softwareproduct k WHERE k.product_id = o.product_id AND k.software_id = l.software_id))
        ) THEN 'overruled'
        WHEN l.matched_at IS NULL THEN 'waiting'
        WHEN NOT EXISTS (SELECT 1 FROM weaknesses_softwareproduct k WHERE k.software_id = l.software_id AND k.confidence > 0) THEN 'unnamed'
        WHEN NOT EXISTS (
            SELECT 1
            FROM weaknesses_softwareproduct k
            JOIN weaknesses_affectedrange r ON r.product_id = k.product_id
            WHERE k.software_id = l.software_id AND r.weakness_id = l.weakness_id
        ) THEN 'unlisted'
        ELSE 'outside'
    END AS why
FROM counts
LEFT JOIN listed l ON true
ORDER BY l.verdict = 'agree', l.verdict, l.severity DESC NULLS LAST, l.weakness DESC, l.version_id
