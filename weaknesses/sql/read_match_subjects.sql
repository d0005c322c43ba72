-- Versions that a question about one weakness may be about, the ones that have it first. Keyed by version. One of
-- version_id, software_id and machine_id is given. On a machine: what has the weakness, what it names, what a scanner reports.
-- Cost: versions of one software, or installations of one machine.
SELECT id, version, platform, sort_key, matched_at, software_id, software_key, software, ecosystem, matched, installed
FROM (
    SELECT *, row_number() OVER (ORDER BY matched DESC, installed DESC, sort_key DESC, id) AS place
    FROM (
        SELECT v.id, v.version, v.platform, v.sort_key, v.matched_at, s.id AS software_id, s.key AS software_key, s.name AS software, s.ecosystem,
            m.version_id IS NOT NULL AS matched,
            coalesce((SELECT sum(n.installed) FROM inventory_versionstat n WHERE n.version_id = v.id AND n.group_id = ANY(%(groups)s)), 0)::int AS installed
        FROM inventory_version v
        JOIN inventory_software s ON s.id = v.software_id
        LEFT JOIN weaknesses_versionweakness m ON m.version_id = v.id AND m.weakness_id = %(weakness_id)s
        WHERE (%(version_id)s::integer IS NULL OR v.id = %(version_id)s)
            AND (%(software_id)s::integer IS NULL OR v.software_id = %(software_id)s)
            AND (%(machine_id)s::integer IS NULL OR (
                v.id IN (SELECT i.version_id FROM inventory_installation i WHERE i.machine_id = %(machine_id)s)
                AND (
                    m.version_id IS NOT NULL
                    OR v.software_id IN (
                        SELECT link.software_id
                        FROM weaknesses_affectedrange r
                        JOIN weaknesses_softwareproduct link ON link.product_id = r.product_id
                        WHERE r.weakness_id = %(weakness_id)s)
                    OR v.id IN (SELECT f.version_id FROM inventory_finding f WHERE f.machine_id = %(machine_id)s AND f.weakness = %(cve)s)
                    OR v.id = %(wanted)s
                )))
    ) found
) placed
WHERE place <= 50 OR id = %(wanted)s
ORDER BY place
