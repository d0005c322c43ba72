-- Title and recommended version of the software recommendations of software_ids. The target is the version that is
-- free of every known weakness, per platform (weaknesses.queries.fix_targets, given as arrays); where the platforms on the fleet
-- differ, none is named.
WITH target AS (
    SELECT t.software_id, t.version, t.exact
    FROM unnest(%(target_software)s::int[], %(target_platform)s::text[], %(target_version)s::text[], %(target_exact)s::bool[])
        AS t(software_id, platform, version, exact)
    WHERE EXISTS (
        SELECT FROM inventory_version v JOIN inventory_versionstat x ON x.version_id = v.id
        WHERE v.software_id = t.software_id AND v.platform = t.platform)
), single AS (
    SELECT software_id, min(version) AS version, bool_and(exact) AS exact
    FROM target GROUP BY software_id HAVING min(version) = max(version) AND bool_and(exact) = bool_or(exact)
), ended AS (
    SELECT DISTINCT v.software_id FROM inventory_version v
    WHERE v.software_id = ANY(%(software_ids)s) AND v.support_ends_on < %(today)s
      AND EXISTS (SELECT FROM inventory_versionstat x WHERE x.version_id = v.id)
), wanted AS (
    SELECT r.id, CASE WHEN t.exact AND (r.kind = 'update' OR r.kind = 'upgrade' AND e.software_id IS NULL) THEN t.version ELSE '' END AS version,
        left(CASE r.kind
            WHEN 'uninstall' THEN CASE WHEN s.ecosystem = 'os' THEN 'Replace ' ELSE 'Uninstall ' END || s.name
            WHEN 'attention' THEN 'Attention: no fix yet for ' || s.name
            WHEN 'upgrade' THEN 'Upgrade ' || s.name || CASE
                WHEN e.software_id IS NOT NULL OR t.software_id IS NULL THEN ' to a supported version'
                WHEN t.exact THEN ' to ' || t.version ELSE ' to a version later than ' || t.version END
            ELSE 'Update ' || s.name || CASE
                WHEN t.software_id IS NULL THEN ' to its fixed version'
                WHEN t.exact THEN ' to ' || t.version ELSE ' to a version later than ' || t.version END
        END, 300) AS title
    FROM recommendations_recommendation r
    JOIN inventory_software s ON s.id = r.software_id
    LEFT JOIN single t ON t.software_id = r.software_id
    LEFT JOIN ended e ON e.software_id = r.software_id
    WHERE r.present AND r.software_id = ANY(%(software_ids)s)
)
UPDATE recommendations_recommendation o SET title = n.title, recommended_version = n.version
FROM wanted n WHERE n.id = o.id AND (o.title, o.recommended_version) <> (n.title, n.version)
