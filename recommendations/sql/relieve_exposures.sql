-- relief and cleared of the exposures in part_relieved. (LEAST would take no relief for the whole base.)
UPDATE recommendations_exposure o SET relief = CASE WHEN n.relief IS NOT NULL THEN least(o.base, n.relief) END, cleared = n.cleared
FROM part_relieved n
WHERE n.machine_id = o.machine_id AND n.recommendation_id = o.recommendation_id
  AND (CASE WHEN n.relief IS NOT NULL THEN least(o.base, n.relief) END, n.cleared) IS DISTINCT FROM (o.relief, o.cleared)
