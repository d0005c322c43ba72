-- part_cause: what each cause does to the sums of a group, to be added up over the passes of a run.
DROP TABLE IF EXISTS part_cause
-- ;;
CREATE TEMP TABLE part_cause (group_id bigint, cause text, machines bigint, weight float8, exposure float8, exposure_after float8) ON COMMIT DROP
