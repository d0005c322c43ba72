-- Notes that a rule told an address of occurrences by a mail; returns those that it had not been told before. Key: rule, occurrence, address.
INSERT INTO tvm_portal_toldoccurrence (rule_id, occurrence_id, address, mail_id)
SELECT %(rule)s, o.id, lower(%(address)s), %(mail)s FROM unnest(%(occurrences)s::bigint[]) AS o (id)
ON CONFLICT (rule_id, occurrence_id, address) DO NOTHING
RETURNING occurrence_id
