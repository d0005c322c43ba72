-- Weaknesses of the batch that were known before and whose rejection changed.
SELECT w.id, w.rejected
FROM incoming_weakness AS i
JOIN weaknesses_weakness AS w ON w.id = i.weakness_id
WHERE i.was_rejected IS NOT NULL AND w.rejected <> i.was_rejected;
