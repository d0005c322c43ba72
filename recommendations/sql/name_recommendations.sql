-- Title and recommended version of software recommendations, from the fixes of the versions on the fleet: the highest
-- first fixed version per platform clears every known weakness. One platform's target is named; where platforms
-- differ, none is. Of all software, or of software_ids.
WITH target AS (
    SELECT DISTINCT ON (r.id, v.platform) r.id, v.platform, m.fixed, m.fix
    FROM part_pair p
    JOIN weaknesses_versionweakness m ON m.version_id = p.version_id AND m.weakness_id = p.weakness_id
    JOIN inventory_version v ON v.id = p.version_id
    JOIN inventory_software s ON s.id = p.software_id
    JOIN recommendations_recommendation r ON r.key = 'va-_-' || s.key || p.slot
    WHERE m.fix > 0 AND m.fixed <> '' AND EXISTS (SELECT FROM inventory_versionstat x WHERE x.version_id = p.version_id)
    ORDER BY r.id, v.platform, m.fixed_key DESC, m.fix DESC
), single AS (
    SELECT id, min(fixed) AS fixed, min(fix) AS fix FROM target GROUP BY id HAVING min(fixed) = max(fixed) AND min(fix) = max(fix)
), ended AS (
    SELECT DISTINCT v.software_id FROM inventory_version v
    WHERE v.support_ends_on < %(today)s AND EXISTS (SELECT FROM inventory_versionstat x WHERE x.version_id = v.id)
), wanted AS (
    SELECT r.id, CASE WHEN r.kind = 'update' OR r.kind = 'upgrade' AND e.software_id IS NULL THEN coalesce(t.fixed, '') ELSE '' END AS fixed,
        left(CASE r.kind
            WHEN 'uninstall' THEN 'Uninstall ' || s.name
            WHEN 'attention' THEN 'Attention: no fix yet for ' || s.name
            WHEN 'upgrade' THEN 'Upgrade ' || s.name || CASE
                WHEN e.software_id IS NOT NULL OR t.id IS NULL THEN ' to a supported version'
                WHEN t.fix = 1 THEN ' to ' || t.fixed ELSE ' to a version later than ' || t.fixed END
            ELSE 'Update ' || s.name || CASE
                WHEN t.id IS NULL THEN ' to its fixed version'
                WHEN t.fix = 1 THEN ' to ' || t.fixed ELSE ' to a version later than ' || t.fixed END
        END, 300) AS title
    FROM recommendations_recommendation r
    JOIN inventory_software s ON s.id = r.software_id
    LEFT JOIN single t ON t.id = r.id
    LEFT JOIN ended e ON e.software_id = r.software_id
    WHERE r.present AND (%(everything)s OR r.software_id = ANY(%(software_ids)s))
)
UPDATE recommendations_recommendation o SET title = n.title, recommended_version = n.fixed
FROM wanted n WHERE n.id = o.id AND (o.title, o.recommended_version) <> (n.title, n.fixed)
