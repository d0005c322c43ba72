-- part_version_risk: worst severity, highest exploit (0 none known, 1 available, 2 verified, in a kit or exploited) and
-- oldest day of publication over the weaknesses of a version, of all versions or of those that `machines` carry.
-- part_version_moved: versions that differ from what the last full run left; none where only some machines are in scope,
-- because the carriers outside it are for the next full run; of a slice (`sliced`), those that the run's preparation found. Cost: one pass over the matches.
DROP TABLE IF EXISTS part_version_risk, part_version_moved
-- ;;
CREATE TEMP TABLE part_version_risk ON COMMIT DROP AS
SELECT m.version_id, max(w.severity) AS severity,
    max(CASE WHEN w.exploited OR w.exploit >= 2 THEN 2 ELSE w.exploit END)::smallint AS exploit,
    min((w.published_at AT TIME ZONE 'UTC')::date) AS published_on
FROM weaknesses_versionweakness m
JOIN weaknesses_weakness w ON w.id = m.weakness_id
WHERE NOT w.rejected
  AND (%(everything)s OR m.version_id IN (
    SELECT v.version_id FROM recommendations_machinebasis b CROSS JOIN unnest(b.versions) AS v(version_id) WHERE b.machine_id = ANY(%(machines)s)))
GROUP BY m.version_id
-- ;;
CREATE UNIQUE INDEX ON part_version_risk (version_id)
-- ;;
ANALYZE part_version_risk
-- ;;
CREATE TEMP TABLE part_version_moved ON COMMIT DROP AS
SELECT coalesce(o.version_id, n.version_id) AS version_id
FROM recommendations_versionrisk o
FULL JOIN part_version_risk n ON n.version_id = o.version_id
WHERE %(everything)s AND NOT %(sliced)s AND (o.severity, o.exploit, o.published_on) IS DISTINCT FROM (n.severity, n.exploit, n.published_on)
UNION
SELECT version_id FROM recommendations_restatedversion WHERE %(everything)s AND aspect = 'risks'
-- ;;
ANALYZE part_version_moved
