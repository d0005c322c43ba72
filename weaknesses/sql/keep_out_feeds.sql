-- Until the transaction ends: batches of feeds and changes of links wait, other matching does not.
SELECT pg_advisory_xact_lock_shared(hashtext('weaknesses.store'))
