-- Activities of a recommendation in some machine groups: with a target there, or asked for there where nothing is measured.
-- Key: activity. Cost: the activities of one recommendation, each a walk to its first target in the groups; none where the groups are all.
SELECT count(*)::int AS activities
FROM remediation_activity y
WHERE y.recommendation_id = %(recommendation)s
  AND (NOT EXISTS (SELECT FROM inventory_machinegroup g WHERE g.id <> ALL(%(groups)s))
       OR EXISTS (SELECT FROM remediation_activitytarget t JOIN inventory_machine m ON m.id = t.machine_id
                  WHERE t.activity_id = y.id AND m.group_id = ANY(%(groups)s))
       OR y.target_count = 0 AND y.group_names && ARRAY(SELECT g.name FROM inventory_machinegroup g WHERE g.id = ANY(%(groups)s)))
