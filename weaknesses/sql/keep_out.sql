-- Until the transaction ends, batches of feeds and changes of links wait, and with `others` all matching too. `wait`: for those under
-- way; else one row that says whether there are none.
SELECT CASE
    WHEN %(wait)s AND %(others)s THEN pg_advisory_xact_lock(hashtext('weaknesses.store')) IS NOT NULL
    WHEN %(wait)s THEN pg_advisory_xact_lock_shared(hashtext('weaknesses.store')) IS NOT NULL
    WHEN %(others)s THEN pg_try_advisory_xact_lock(hashtext('weaknesses.store'))
    ELSE pg_try_advisory_xact_lock_shared(hashtext('weaknesses.store'))
END AS kept
