-- The machines that a ticket names where it cannot name all: those with the highest exposure score, the lower id first among equals. Asked
-- once, when the ticket is opened; what came of it is kept with the delivery, so that every try names the same.
-- Cost: the targets of one activity.
SELECT t.machine_id
FROM remediation_activitytarget t
LEFT JOIN recommendations_machinescore s ON s.machine_id = t.machine_id
WHERE t.activity_id = %(activity)s
ORDER BY s.score DESC NULLS LAST, t.machine_id
LIMIT %(most)s
