-- Software that has a weakness which is excepted now and was not in the stored figures, or the other way round. Few rows.
SELECT DISTINCT v.software_id
FROM (
    (SELECT weakness_id, software_id, group_id FROM recommendations_weaknesseffect
     EXCEPT SELECT weakness_id, software_id, group_id FROM recommendations_weaknesseffectbasis)
    UNION
    (SELECT weakness_id, software_id, group_id FROM recommendations_weaknesseffectbasis
     EXCEPT SELECT weakness_id, software_id, group_id FROM recommendations_weaknesseffect)
) f
JOIN weaknesses_versionweakness m ON m.weakness_id = f.weakness_id
JOIN inventory_version v ON v.id = m.version_id AND (f.software_id IS NULL OR v.software_id = f.software_id)
