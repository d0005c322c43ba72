-- What part_holding and part_cause add up to waits for the end of the full run that is under way.
INSERT INTO recommendations_pendingholding (kind, subject_id, group_id, machines)
SELECT kind, id, group_id, sum(machines) FROM part_holding GROUP BY kind, id, group_id HAVING sum(machines) <> 0
-- ;;
INSERT INTO recommendations_pendingcause (group_id, cause, machines, weight, exposure, exposure_after)
SELECT group_id, cause, sum(machines), sum(weight), sum(exposure), sum(exposure_after) FROM part_cause GROUP BY group_id, cause
