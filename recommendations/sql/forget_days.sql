-- Days before `before` of the histories that are in one piece, and, of those in months, what is in no month (`month`: the first day of
-- the oldest month that is kept). Keyed by day; an index scan over what goes.
DELETE FROM recommendations_riskday WHERE day < %(before)s
-- ;;
DELETE FROM recommendations_scorechangeday WHERE day < %(before)s
-- ;;
DELETE FROM recommendations_recommendationday_rest WHERE day < %(month)s
-- ;;
DELETE FROM recommendations_scoreday_rest WHERE day < %(month)s
