-- Temporary tables that one batch of weaknesses is copied into. Dropped first, because a batch may follow
-- another within one transaction (tests, the starter).
DROP TABLE IF EXISTS incoming_weakness, incoming_range, touched_range;
-- ;;
CREATE TEMP TABLE incoming_weakness (
    cve text COLLATE "C", title text, description text, severity smallint, cvss double precision, cvss_vector text,
    cwes text[], refs text[], rejected boolean, published_at timestamptz, modified_at timestamptz,
    states_ranges boolean, exploitation text, automatable boolean, technical_impact text, digest text, is_bare boolean,
    weakness_id integer, was_rejected boolean
) ON COMMIT DROP;
-- ;;
CREATE TEMP TABLE incoming_range (
    cve text COLLATE "C", product text COLLATE "C", fingerprint text, platforms text[],
    start_text text, start_key text, start_included boolean, end_text text, end_key text, end_included boolean,
    fixed text, fixed_key text, qualifiers jsonb, requires text[]
) ON COMMIT DROP;
-- ;;
CREATE TEMP TABLE touched_range (product_id integer, weakness_id integer) ON COMMIT DROP;
-- ;;
-- One merge at a time: two feeds that name the same new weakness would otherwise wait for each other crosswise. And none while versions
-- are matched (keep_out.sql): they would be stamped as matched with ranges that they never met.
SELECT pg_advisory_xact_lock(hashtext('weaknesses.store'));
