-- The machines of an activity, fixed for good when it is asked for: those of `groups` that need the recommendation now. `tag`:
-- of a configuration change, only those that carry it; NULL: all.
-- Key: (activity, machine). Cost: the machines exposed to one recommendation.
INSERT INTO remediation_activitytarget (activity_id, machine_id)
SELECT %(activity)s, s.machine_id
FROM recommendations_exposure e
JOIN recommendations_machinescore s ON s.machine_id = e.machine_id
WHERE e.recommendation_id = %(recommendation)s AND %(configuration)s::int IS NULL AND s.group_id = ANY(%(groups)s)
UNION ALL
SELECT %(activity)s, s.machine_id
FROM inventory_configurationresult c
JOIN recommendations_machinescore s ON s.machine_id = c.machine_id
WHERE c.configuration_id = %(configuration)s::int AND NOT c.passed AND s.group_id = ANY(%(groups)s)
  AND (%(tag)s::text IS NULL OR EXISTS (SELECT FROM inventory_machine m WHERE m.id = c.machine_id AND m.tags @> ARRAY[%(tag)s::text]::varchar[]))
-- ;;
UPDATE remediation_activity SET target_count = (SELECT count(*) FROM remediation_activitytarget WHERE activity_id = %(activity)s)
WHERE id = %(activity)s
