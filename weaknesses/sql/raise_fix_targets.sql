-- Raises the targets that some range still holds to the highest fix of those ranges, and puts them into wanted for
-- another round. Ranges without a fix cannot be left by any version and do not count. Returns the raised targets.
TRUNCATE wanted
-- ;;
WITH raised AS (
    UPDATE target t
    SET key = c.key, version = c.version, exact = c.exact
    FROM (
        SELECT DISTINCT ON (probe_id) probe_id, key, version, exact
        FROM (
            SELECT probe_id,
                (CASE WHEN fix = 1 THEN fixed_key ELSE last_key || '~' END) COLLATE "C" AS key,
                CASE WHEN fix = 1 THEN fixed ELSE last END AS version,
                fix = 1 AS exact
            FROM candidate
            WHERE fix IN (1, 2)
        ) held
        ORDER BY probe_id, key DESC
    ) c
    WHERE c.probe_id = t.id AND c.key > t.key
    RETURNING t.id, t.software_id, t.version, t.key, t.platform
)
INSERT INTO wanted (id, version_id, software_id, version, sort_key, platform)
SELECT id, NULL, software_id, version, key, platform FROM raised
RETURNING id
