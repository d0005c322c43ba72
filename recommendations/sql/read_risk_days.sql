-- Machines with weaknesses in some groups at the ends of some days, by every way of counting at once. Key: (day, way, value).
-- At most `points` days: of each stretch of `step` days up to `last` the latest one recorded. Cost: rows of those days.
WITH stretch AS (
    SELECT greatest(%(last)s::date - (n + 1) * %(step)s + 1, %(first)s::date) AS first, %(last)s::date - n * %(step)s AS last
    FROM generate_series(0, (%(last)s::date - %(first)s::date) / %(step)s) AS n
), chosen AS (
    SELECT (SELECT max(d.day) FROM recommendations_riskday d WHERE d.day BETWEEN s.first AND s.last) AS day FROM stretch s
)
SELECT d.day, CASE
        WHEN grouping(d.severity) = 0 THEN 'severity' WHEN grouping(d.exploit) = 0 THEN 'exploit' WHEN grouping(d.age) = 0 THEN 'age'
        WHEN grouping(d.platform) = 0 THEN 'platform' ELSE 'release' END AS way,
    coalesce(d.severity::text, d.exploit::text, d.age::text, d.platform, d.release) AS value, sum(d.machines)::int AS machines
FROM chosen c
JOIN recommendations_riskday d ON d.day = c.day
WHERE d.group_id = ANY(%(groups)s)
  AND (%(severity)s::int[] IS NULL OR d.severity = ANY(%(severity)s::int[]))
  AND (%(exploit)s::int[] IS NULL OR d.exploit = ANY(%(exploit)s::int[]))
  AND (%(age)s::int[] IS NULL OR d.age = ANY(%(age)s::int[]))
  AND (%(platform)s::text[] IS NULL OR d.platform = ANY(%(platform)s::text[]))
  AND (%(release)s::text[] IS NULL OR d.release = ANY(%(release)s::text[]))
GROUP BY GROUPING SETS ((d.day, d.severity), (d.day, d.exploit), (d.day, d.age), (d.day, d.platform), (d.day, d.release))
ORDER BY d.day
