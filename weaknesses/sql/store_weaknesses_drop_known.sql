-- Leaves in incoming_weakness only what this source states anew: not what it stated before word for word, nor
-- what is older than its last word. Key: statement (weakness, source). Nor a bare record (an id that was given up, ranges
-- that are withdrawn) of a weakness that nobody knows. Then marks what is rejected already.
ANALYZE incoming_weakness;
-- ;;
DELETE FROM incoming_weakness AS incoming
USING weaknesses_weakness AS weakness, weaknesses_statement AS statement
WHERE weakness.cve = incoming.cve AND statement.weakness_id = weakness.id AND statement.source = %(source)s
  AND (statement.digest = incoming.digest OR incoming.modified_at < statement.modified_at);
-- ;;
DELETE FROM incoming_weakness AS incoming
WHERE incoming.is_bare AND NOT EXISTS (SELECT FROM weaknesses_weakness AS weakness WHERE weakness.cve = incoming.cve);
-- ;;
UPDATE incoming_weakness AS incoming SET was_rejected = weakness.rejected
FROM weaknesses_weakness AS weakness WHERE weakness.cve = incoming.cve;
-- ;;
SELECT cve FROM incoming_weakness;
