-- Until the transaction ends: batches of feeds, changes of links and matching wait.
SELECT pg_advisory_xact_lock(hashtext('weaknesses.store'))
