-- Checks that apply to one machine, and those of them that pass, by category. Key: category. Cost: results of one machine.
SELECT c.category, count(*)::int AS checks, (count(*) FILTER (WHERE r.passed))::int AS passed
FROM inventory_configurationresult r
JOIN inventory_configuration c ON c.id = r.configuration_id
WHERE r.machine_id = %(machine)s
GROUP BY c.category
