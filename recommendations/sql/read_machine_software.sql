-- Software on one machine with the weaknesses of each version. Key: (machine, version). Cost: installations of one machine.
SELECT v.id AS version_id, w.key, w.name, w.vendor, w.support, w.ecosystem, v.version, v.support_ends_on, i.first_seen,
       coalesce(m.weaknesses, 0)::int AS weaknesses, coalesce(m.exploit, 0) AS exploit, coalesce(m.exploited, false) AS exploited,
       coalesce(p.evidence, '{}') AS evidence, count(*) OVER () AS total
FROM inventory_installation i
JOIN inventory_version v ON v.id = i.version_id
JOIN inventory_software w ON w.id = v.software_id
LEFT JOIN inventory_installationevidence p ON p.machine_id = i.machine_id AND p.version_id = i.version_id
LEFT JOIN LATERAL (
    SELECT count(*) AS weaknesses, max(k.exploit) AS exploit, bool_or(k.exploited) AS exploited
    FROM weaknesses_versionweakness x
    JOIN weaknesses_weakness k ON k.id = x.weakness_id
    WHERE x.version_id = v.id
) m ON true
WHERE i.machine_id = %(machine)s AND (%(text)s = '' OR w.name ILIKE %(pattern)s OR w.vendor ILIKE %(pattern)s)
  AND (NOT %(weak)s OR m.weaknesses > 0) AND (NOT %(exploited_only)s OR m.exploited)
ORDER BY
    CASE %(sort)s WHEN 'name' THEN lower(w.name) WHEN 'vendor' THEN lower(w.vendor) END,
    CASE %(sort)s WHEN '-name' THEN lower(w.name) WHEN '-vendor' THEN lower(w.vendor) END DESC,
    CASE %(sort)s WHEN 'first_seen' THEN i.first_seen END, CASE %(sort)s WHEN '-first_seen' THEN i.first_seen END DESC,
    CASE %(sort)s WHEN 'weaknesses' THEN m.weaknesses END, CASE %(sort)s WHEN '-weaknesses' THEN m.weaknesses END DESC,
    CASE %(sort)s WHEN 'threats' THEN 3 * coalesce(m.exploited, false)::int + m.exploit END NULLS FIRST,
    exploited DESC, weaknesses DESC, lower(w.name), v.id
LIMIT %(limit)s OFFSET %(offset)s
