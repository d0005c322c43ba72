-- score_change_day of one day from what waits under the open day. Key (day, group, cause). The last snapshot was of day `last`: of the same day, it is added to;
-- of an earlier one, it replaces what an earlier history of the day said; of a later one (history is written anew), it says nothing about this day.
DELETE FROM recommendations_scorechangeday WHERE day = %(day)s AND %(last)s::date <> %(day)s
-- ;;
INSERT INTO recommendations_scorechangeday AS o (day, group_id, cause, machines, weight, exposure, exposure_after)
SELECT %(day)s, group_id, cause, machines, weight, exposure, exposure_after
FROM recommendations_scorechangeday WHERE day = %(open)s AND %(last)s::date <= %(day)s
ON CONFLICT (day, group_id, cause) DO UPDATE SET machines = o.machines + EXCLUDED.machines, weight = o.weight + EXCLUDED.weight,
    exposure = o.exposure + EXCLUDED.exposure, exposure_after = o.exposure_after + EXCLUDED.exposure_after
-- ;;
DELETE FROM recommendations_scorechangeday WHERE day = %(open)s
