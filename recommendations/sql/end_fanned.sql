-- Nothing is left of a full run over slices.
DELETE FROM recommendations_restatedversion
-- ;;
DELETE FROM recommendations_pendingcontribution
-- ;;
DELETE FROM recommendations_pendinggroup
-- ;;
DELETE FROM recommendations_runslice
-- ;;
DELETE FROM recommendations_fannedrun
