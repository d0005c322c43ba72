-- Events of the timeline worth a notice, the newest first: attacks, exploits, critical new weaknesses, and many machines at once.
-- Only those of software or checks in some groups. Key: event. Cost: by event_newest_first back to `since`; a look-up an event.
SELECT e.id, e.kind, e.at, s.name AS software, s.key AS software_key, c.name AS check_name, 'scid-' || c.id AS check_key,
       cardinality(e.weakness_ids) AS weaknesses, e.machines, e.machines_total, coalesce(worst.critical, 0)::int AS critical
FROM weaknesses_event e
LEFT JOIN inventory_software s ON s.id = e.software_id
LEFT JOIN inventory_configuration c ON c.id = e.configuration_id
LEFT JOIN LATERAL (
    SELECT count(*) AS critical
    FROM weaknesses_weakness w
    WHERE e.kind = 'new_weakness' AND w.id = ANY(e.weakness_ids) AND w.severity = 4
) worst ON true
WHERE e.at > %(since)s AND e.kind <> ALL(%(hidden)s)
  AND (e.kind = ANY(%(kinds)s) OR worst.critical > 0
       OR e.kind <> 'fixed' AND e.machines >= %(fewest)s AND e.machines >= %(share)s * e.machines_total)
  AND (EXISTS (SELECT FROM inventory_softwarestat x
               WHERE x.software_id = e.software_id AND x.group_id = ANY(%(groups)s) AND x.installed > 0)
       OR EXISTS (SELECT FROM recommendations_recommendation r
                  JOIN recommendations_recommendationstat x ON x.recommendation_id = r.id
                  WHERE r.configuration_id = e.configuration_id AND x.group_id = ANY(%(groups)s)))
ORDER BY e.at DESC, e.id DESC
LIMIT %(limit)s
