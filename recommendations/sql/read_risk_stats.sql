-- Machines with weaknesses in some groups now, by every way of counting at once. Key: (way, value); way '' is all of them.
-- Cost: rows of risk_stat, which do not grow with machines.
WITH stat AS (
    SELECT s.severity, s.exploit, s.platform, s.release, s.machines, CASE
        WHEN s.counted_on = %(unknown_day)s THEN %(age_unknown)s
        WHEN %(day)s::date - s.counted_on > %(days_old)s THEN %(age_old)s
        WHEN %(day)s::date - s.counted_on > %(days_months_2)s THEN %(age_months_2)s
        WHEN %(day)s::date - s.counted_on > %(days_months_1)s THEN %(age_months_1)s
        ELSE %(age_fresh)s END AS age
    FROM recommendations_riskstat s
    WHERE s.group_id = ANY(%(groups)s)
), fits AS (
    SELECT * FROM stat
    WHERE (%(severity)s::int[] IS NULL OR severity = ANY(%(severity)s::int[]))
      AND (%(exploit)s::int[] IS NULL OR exploit = ANY(%(exploit)s::int[]))
      AND (%(age)s::int[] IS NULL OR age = ANY(%(age)s::int[]))
      AND (%(platform)s::text[] IS NULL OR platform = ANY(%(platform)s::text[]))
      AND (%(release)s::text[] IS NULL OR release = ANY(%(release)s::text[]))
)
SELECT CASE
        WHEN grouping(severity) = 0 THEN 'severity' WHEN grouping(exploit) = 0 THEN 'exploit' WHEN grouping(age) = 0 THEN 'age'
        WHEN grouping(platform) = 0 THEN 'platform' WHEN grouping(release) = 0 THEN 'release' ELSE '' END AS way,
    coalesce(severity::text, exploit::text, age::text, platform, release, '') AS value, coalesce(sum(machines), 0)::int AS machines
FROM fits
GROUP BY GROUPING SETS ((severity), (exploit), (age), (platform), (release), ())
