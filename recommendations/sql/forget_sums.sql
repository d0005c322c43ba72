-- The sums that slices left waiting no longer hold: whoever ends the run adds them up again.
DELETE FROM recommendations_pendingcontribution
-- ;;
DELETE FROM recommendations_pendinggroup
-- ;;
UPDATE recommendations_runslice SET summed = false WHERE summed
