-- Which versions other scanners find one weakness in, and which of our versions they looked at without naming it. Keyed by
-- (version, source). `machines`: of the chosen groups with that finding. Cost: findings of one weakness by finding_of_weakness;
-- for the silence of others a sample of the findings of each matched version.
WITH said AS (
    SELECT f.version_id, f.source, count(*)::int AS machines, max(f.fixed) AS fixed
    FROM inventory_finding f
    JOIN inventory_machine m ON m.id = f.machine_id
    WHERE f.weakness = %(cve)s AND m.group_id = ANY(%(groups)s)
        AND (%(version_id)s::integer IS NULL OR f.version_id = %(version_id)s)
        AND (%(machine_id)s::integer IS NULL OR f.machine_id = %(machine_id)s)
    GROUP BY f.version_id, f.source
), matched AS (
    SELECT version_id
    FROM weaknesses_versionweakness
    WHERE weakness_id = %(weakness_id)s AND (%(version_id)s::integer IS NULL OR version_id = %(version_id)s)
    ORDER BY version_id
    LIMIT 200
), silent AS (
    SELECT matched.version_id, seen.source, 0 AS machines, '' AS fixed
    FROM matched
    CROSS JOIN LATERAL (
        SELECT DISTINCT sample.source
        FROM (
            SELECT f.source
            FROM inventory_finding f
            WHERE f.version_id = matched.version_id AND (%(machine_id)s::integer IS NULL OR f.machine_id = %(machine_id)s)
            LIMIT 500
        ) sample
    ) seen
    WHERE NOT EXISTS (SELECT 1 FROM inventory_finding f
        WHERE f.weakness = %(cve)s AND f.version_id = matched.version_id AND f.source = seen.source)
)
SELECT o.source, o.machines, o.fixed, o.says, v.id AS version_id, v.version, v.platform, s.name AS software, s.key AS software_key,
    m.version_id IS NOT NULL AS matched
FROM (SELECT *, true AS says FROM said UNION ALL SELECT *, false FROM silent) o
JOIN inventory_version v ON v.id = o.version_id
JOIN inventory_software s ON s.id = v.software_id
LEFT JOIN weaknesses_versionweakness m ON m.version_id = v.id AND m.weakness_id = %(weakness_id)s
ORDER BY (o.says = (m.version_id IS NOT NULL)), o.says DESC, o.machines DESC, lower(s.name), v.id, o.source
LIMIT 100
