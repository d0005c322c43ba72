-- Where the reported installations of known machines are copied to. Made once a connection, empty in every transaction.
-- mode: = of a part that the report is complete for, + added by a differential report, - removed by one.
CREATE TEMPORARY TABLE IF NOT EXISTS incoming_installation (
    machine_id integer NOT NULL,
    version_id integer NOT NULL,
    mode "char" NOT NULL,
    evidence text[] NOT NULL
) ON COMMIT DELETE ROWS
-- ;;
DELETE FROM incoming_installation
