-- part_version_signature: one number for all that a carrier's scores and the counters depend on. A sum of hashes: the order
-- does not matter. part_restated: versions for which it is not what the last full run found; of software_ids: all.
-- With those that an unfinished run found (restated_version).
DROP TABLE IF EXISTS part_version_signature, part_restated
-- ;;
CREATE TEMP TABLE part_version_signature ON COMMIT DROP AS
SELECT version_id,
    sum(hash_record_extended(ROW(weakness_id, slot, risk::float8, exploit, exploited, alerted), 0) & 281474976710655)::bigint AS signature
FROM part_pair
GROUP BY version_id
-- ;;
ANALYZE part_version_signature
-- ;;
CREATE TEMP TABLE part_restated ON COMMIT DROP AS
SELECT coalesce(o.version_id, n.version_id) AS version_id
FROM recommendations_versionbasis o
FULL JOIN part_version_signature n ON n.version_id = o.version_id
WHERE %(everything)s AND o.signature IS DISTINCT FROM n.signature
UNION
SELECT version_id FROM recommendations_restatedversion WHERE %(everything)s AND aspect = 'scores'
UNION
SELECT id FROM inventory_version WHERE NOT %(everything)s AND software_id = ANY(%(software_ids)s)
-- ;;
ANALYZE part_restated
-- ;;
-- What an incremental run scores is scored again by the next full run, whatever happens in between: -1 is no signature, so that
-- versions that have lost everything by then differ too.
UPDATE recommendations_versionbasis SET signature = -1
WHERE NOT %(everything)s AND signature <> -1 AND version_id IN (SELECT version_id FROM part_restated)
-- ;;
INSERT INTO recommendations_versionbasis (version_id, signature)
SELECT version_id, -1 FROM part_version_signature WHERE NOT %(everything)s
ON CONFLICT (version_id) DO NOTHING
