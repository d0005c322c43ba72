-- Empty tables that the sums below add to.
DROP TABLE IF EXISTS part_holding, part_contribution, part_group, part_base_move
-- ;;
CREATE TEMP TABLE part_holding (kind int, id int, group_id bigint, machines bigint) ON COMMIT DROP
-- ;;
CREATE TEMP TABLE part_contribution (recommendation_id int, group_id bigint, exposed bigint, installed bigint, weight float8, base float8,
    hazard float8, impact float8, exposed_after bigint, impact_after float8, alerts bigint) ON COMMIT DROP
-- ;;
CREATE TEMP TABLE part_group (group_id bigint, machines bigint, weight float8, exposure float8, exposure_after float8,
    none bigint, low bigint, medium bigint, high bigint, no_data bigint) ON COMMIT DROP
-- ;;
-- What found, fixed and learnt do to the base of a rebuilt machine: filled with the exposures.
CREATE TEMP TABLE part_base_move (machine_id int, found float8, fixed float8, learnt float8, found_after float8, fixed_after float8,
    learnt_after float8) ON COMMIT DROP
