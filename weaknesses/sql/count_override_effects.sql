-- How much rests on what a curator may set aside: matches, versions, and machines with such a version (a machine with two counts
-- twice). Keyed by what is set aside. Cost: for a product the matches of one software, for a range those of one weakness.
WITH resting AS (
    SELECT 'version' AS what, m.version_id, m.weakness_id
    FROM weaknesses_versionweakness m
    WHERE m.version_id = %(version_id)s AND m.weakness_id = %(weakness_id)s
    UNION ALL
    SELECT 'product', m.version_id, m.weakness_id
    FROM inventory_version v
    JOIN weaknesses_versionweakness m ON m.version_id = v.id
    JOIN weaknesses_affectedrange r ON r.id = m.range_id AND r.product_id = %(product_id)s
    WHERE v.software_id = %(software_id)s
    UNION ALL
    SELECT 'range', m.version_id, m.weakness_id
    FROM weaknesses_versionweakness m
    WHERE m.weakness_id = %(weakness_id)s AND m.range_id = %(range_id)s
), version AS (
    SELECT what, version_id, count(*) AS matches FROM resting GROUP BY what, version_id
)
SELECT what, sum(matches)::int AS matches, count(*)::int AS versions,
    coalesce(sum((SELECT sum(s.installed) FROM inventory_versionstat s WHERE s.version_id = version.version_id)), 0)::int AS machines
FROM version
GROUP BY what
