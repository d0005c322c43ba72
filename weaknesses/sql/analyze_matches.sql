-- Tells the planner how many matches there are now.
ANALYZE weaknesses_versionweakness
