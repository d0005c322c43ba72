-- A page of weaknesses, those present first. With every group chosen `exposed` is the stored count of distinct machines;
-- else machines are added over affected versions of the chosen groups, so one with two such versions counts twice.
-- Key: weakness. Cost: present ones by the partial index on exposed_count (tens of thousands); all known ones: one scan (350,000).
WITH here AS (
    SELECT m.weakness_id, sum(s.installed)::int AS installed
    FROM inventory_versionstat s
    JOIN weaknesses_versionweakness m ON m.version_id = s.version_id
    WHERE NOT %(everything)s AND s.group_id = ANY(%(groups)s) AND s.installed > 0
    GROUP BY m.weakness_id
), named AS (
    SELECT DISTINCT m.weakness_id
    FROM inventory_software w
    JOIN inventory_version v ON v.software_id = w.id
    JOIN weaknesses_versionweakness m ON m.version_id = v.id
    WHERE %(text)s <> '' AND (w.name ILIKE %(pattern)s OR w.key ILIKE %(pattern)s)
), listed AS (
    SELECT k.id, k.cve, k.title, k.severity, k.cvss, k.epss, k.exploit, k.exploited, k.ransomware, k.published_at, k.modified_at,
           CASE WHEN %(everything)s THEN k.exposed_count ELSE coalesce(here.installed, 0) END AS exposed
    FROM weaknesses_weakness k
    LEFT JOIN here ON here.weakness_id = k.id
    WHERE NOT k.rejected
      AND (NOT %(present)s OR (%(everything)s AND k.exposed_count > 0) OR here.installed > 0)
      AND (%(severity)s::int[] IS NULL OR k.severity = ANY(%(severity)s::int[]))
      AND (%(threats)s::text[] IS NULL
           OR ('exploited' = ANY(%(threats)s::text[]) AND k.exploited)
           OR ('kit' = ANY(%(threats)s::text[]) AND k.exploit >= 3)
           OR ('verified' = ANY(%(threats)s::text[]) AND k.exploit >= 2)
           OR ('public' = ANY(%(threats)s::text[]) AND (k.exploit >= 1 OR k.exploited)))
      AND (%(text)s = '' OR k.cve ILIKE %(pattern)s OR k.title ILIKE %(pattern)s OR k.id IN (SELECT weakness_id FROM named))
)
SELECT *, count(*) OVER () AS total
FROM listed
ORDER BY
    CASE WHEN %(sort)s = 'cve' THEN cve END,
    CASE WHEN %(sort)s = '-cve' THEN cve END DESC,
    CASE WHEN %(sort)s = 'published' THEN published_at END NULLS LAST,
    CASE WHEN %(sort)s = '-published' THEN published_at END DESC NULLS LAST,
    CASE %(sort)s WHEN 'severity' THEN severity WHEN 'cvss' THEN cvss WHEN 'epss' THEN epss WHEN 'exposed' THEN exposed END NULLS LAST,
    CASE %(sort)s WHEN '-severity' THEN severity WHEN '-cvss' THEN cvss WHEN '-epss' THEN epss WHEN '-exposed' THEN exposed END DESC NULLS LAST,
    exposed DESC, exploited DESC, cvss DESC NULLS LAST, cve DESC
LIMIT %(limit)s OFFSET %(offset)s
