-- risk_stat counted anew from machine_risk, keyed by group and every way of counting; differences only. One pass over machines.
DROP TABLE IF EXISTS part_risk_stat
-- ;;
CREATE TEMP TABLE part_risk_stat ON COMMIT DROP AS
SELECT group_id, severity, exploit, counted_on, platform, release, count(*)::int AS machines
FROM recommendations_machinerisk
WHERE severity IS NOT NULL
GROUP BY group_id, severity, exploit, counted_on, platform, release
-- ;;
DELETE FROM recommendations_riskstat o
WHERE NOT EXISTS (
    SELECT FROM part_risk_stat n
    WHERE (n.group_id, n.severity, n.exploit, n.counted_on, n.platform, n.release)
        = (o.group_id, o.severity, o.exploit, o.counted_on, o.platform, o.release))
-- ;;
INSERT INTO recommendations_riskstat (group_id, severity, exploit, counted_on, platform, release, machines)
SELECT group_id, severity, exploit, counted_on, platform, release, machines FROM part_risk_stat
ON CONFLICT (group_id, severity, exploit, counted_on, platform, release) DO UPDATE SET machines = EXCLUDED.machines
WHERE recommendations_riskstat.machines <> EXCLUDED.machines
