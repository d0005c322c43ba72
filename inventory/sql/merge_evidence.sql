-- Where each installation was seen, changed rows only. Keyed by machine and version. Differential rows add to what is
-- known, or take from it.
INSERT INTO inventory_installationevidence (machine_id, version_id, evidence)
SELECT n.machine_id, n.version_id,
       CASE
           WHEN n.mode = '=' OR e.evidence IS NULL THEN n.evidence
           ELSE e.evidence::text[] || ARRAY(SELECT x FROM unnest(n.evidence) x WHERE x <> ALL(e.evidence::text[]))
       END
FROM incoming_installation n
LEFT JOIN inventory_installationevidence e ON e.machine_id = n.machine_id AND e.version_id = n.version_id
WHERE n.mode <> '-'
  AND n.evidence <> '{}'
  AND CASE WHEN n.mode = '=' OR e.evidence IS NULL THEN e.evidence::text[] IS DISTINCT FROM n.evidence ELSE NOT n.evidence <@ e.evidence::text[] END
ON CONFLICT (machine_id, version_id) DO UPDATE SET evidence = excluded.evidence
-- ;;
UPDATE inventory_installationevidence e
SET evidence = ARRAY(SELECT x FROM unnest(e.evidence::text[]) x WHERE x <> ALL(n.evidence))
FROM incoming_installation n
WHERE n.mode = '-' AND e.machine_id = n.machine_id AND e.version_id = n.version_id AND e.evidence::text[] && n.evidence
