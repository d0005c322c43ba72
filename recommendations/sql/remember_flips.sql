-- Software of these versions is named anew at the end of the full run that is under way.
INSERT INTO recommendations_restatedversion (version_id, aspect) SELECT version_id, 'scores' FROM part_flip
ON CONFLICT (version_id, aspect) DO NOTHING
