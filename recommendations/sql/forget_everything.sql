-- Everything that a run compares with; the run that follows builds all of it anew.
DELETE FROM recommendations_machinebasis
-- ;;
DELETE FROM recommendations_versionbasis
-- ;;
DELETE FROM inventory_versionstat
-- ;;
DELETE FROM inventory_softwarestat
-- ;;
DELETE FROM recommendations_machinerisk
-- ;;
DELETE FROM recommendations_versionrisk
