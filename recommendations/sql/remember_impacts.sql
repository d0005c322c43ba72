-- What the timeline compares with: points of impact and exposed machines per software, before this run writes.
DROP TABLE IF EXISTS part_impact_before, part_exposed_before
-- ;;
CREATE TEMP TABLE part_impact_before ON COMMIT DROP AS
SELECT r.software_id, 100 * sum(s.impact) / (SELECT nullif(sum(weight), 0) FROM recommendations_groupscore) AS impact
FROM recommendations_recommendationstat s JOIN recommendations_recommendation r ON r.id = s.recommendation_id
WHERE r.software_id IS NOT NULL GROUP BY r.software_id
-- ;;
CREATE TEMP TABLE part_exposed_before ON COMMIT DROP AS
SELECT software_id, sum(exposed) AS machines FROM inventory_softwarestat GROUP BY software_id
