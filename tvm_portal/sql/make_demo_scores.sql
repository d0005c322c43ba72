-- The EPSS of past days is not shipped: a plausible path to today's score for what is present, seven steps from `first` to `last`,
-- lower before, and lowest before it was listed as exploited. Key: (cve, day). The step of a day that is recorded already stays.
INSERT INTO weaknesses_epssday AS d (cve, day, score, percentile)
SELECT p.cve, p.day, p.score, greatest(0, p.percentile - 0.2 * (1 - p.score / p.epss))
FROM (
    SELECT w.cve, w.epss, w.epss_percentile AS percentile, g.n,
        %(first)s::date + ((%(last)s::date - %(first)s::date) * g.n / 7 + CASE WHEN g.n IN (0, 7) THEN 0 ELSE abs(hashtext(w.cve || g.n)) %% 5 END) AS day,
        w.epss * CASE WHEN g.n = 7 THEN 1 ELSE 0.45 + 0.5 * g.n / 7 + (abs(hashtext(w.cve)) %% 7 - 3) * 0.015 * (g.n %% 3) END AS score
    FROM weaknesses_weakness w CROSS JOIN generate_series(0, 7) AS g(n)
    WHERE w.exposed_count > 0 AND w.epss >= 0.005 AND %(first)s::date < %(last)s::date - 14
) p
ON CONFLICT (cve, day) DO NOTHING
