-- part_holding and part_cause get what slices left waiting, once: it is gone with the transaction that uses it.
INSERT INTO part_holding (kind, id, group_id, machines) SELECT kind, subject_id, group_id, machines FROM recommendations_pendingholding
-- ;;
DELETE FROM recommendations_pendingholding
-- ;;
INSERT INTO part_cause (group_id, cause, machines, weight, exposure, exposure_after)
SELECT group_id, cause, machines, weight, exposure, exposure_after FROM recommendations_pendingcause
-- ;;
DELETE FROM recommendations_pendingcause
