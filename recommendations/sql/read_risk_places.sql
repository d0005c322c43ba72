-- Platforms and Windows releases that vulnerable machines have, or had since a day. Cost: rows of risk_stat and of those days.
SELECT platform, release FROM recommendations_riskstat
UNION
SELECT platform, release FROM recommendations_riskday WHERE day >= %(first)s
ORDER BY platform, release
