-- risk_day of one day from risk_stat, ages as of that day; keyed by day, group and every way of counting.
DELETE FROM recommendations_riskday WHERE day = %(day)s
-- ;;
INSERT INTO recommendations_riskday (day, group_id, severity, exploit, age, platform, release, machines)
SELECT %(day)s, group_id, severity, exploit, age, platform, release, sum(machines)
FROM (
    SELECT *, CASE
        WHEN counted_on = %(unknown_day)s THEN %(age_unknown)s
        WHEN %(day)s::date - counted_on > %(days_old)s THEN %(age_old)s
        WHEN %(day)s::date - counted_on > %(days_months_2)s THEN %(age_months_2)s
        WHEN %(day)s::date - counted_on > %(days_months_1)s THEN %(age_months_1)s
        ELSE %(age_fresh)s END AS age
    FROM recommendations_riskstat
) t
GROUP BY group_id, severity, exploit, age, platform, release
