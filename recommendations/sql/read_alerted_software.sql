-- Software with a weakness that an alert of a dirty machine names, open or closed. From the dirty machines' alerts, which are
-- few, by index to the matches.
SELECT DISTINCT v.software_id
FROM inventory_dirtymachine d
JOIN inventory_alert a ON a.machine_id = d.machine_id AND a.cve <> ''
JOIN weaknesses_weakness w ON w.cve = a.cve COLLATE "C"
JOIN weaknesses_versionweakness m ON m.weakness_id = w.id
JOIN inventory_version v ON v.id = m.version_id
