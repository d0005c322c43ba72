-- Merges one source's release lines. Key: (slug, cycle, source). With `complete`, lines that the list lacks are
-- removed, and so are the starter's lines of every product that the list has.
-- Analysed first, and added to last and without a join: on a first load the statistics know nothing of this
-- source, and joins with what was just added are planned for a handful of rows (33,000 took 160 s instead of 1 s).
-- Rows touched, in order: -, changed, removed, starter rows dropped, new.
ANALYZE incoming_cycle, weaknesses_supportcycle;
-- ;;
UPDATE weaknesses_supportcycle AS c
SET product_keys = i.product_keys, released_on = i.released_on, ended = i.ended, ends_on = i.ends_on, latest = i.latest
FROM incoming_cycle AS i
WHERE c.slug = i.slug AND c.cycle = i.cycle AND c.source = %(source)s
  AND (c.product_keys::text[], c.released_on, c.ended, c.ends_on, c.latest) IS DISTINCT FROM (i.product_keys, i.released_on, i.ended, i.ends_on, i.latest);
-- ;;
DELETE FROM weaknesses_supportcycle AS c
WHERE %(complete)s AND c.source = %(source)s
  AND NOT EXISTS (SELECT FROM incoming_cycle AS i WHERE i.slug = c.slug AND i.cycle = c.cycle);
-- ;;
DELETE FROM weaknesses_supportcycle AS c
WHERE %(complete)s AND %(source)s <> 'starter' AND c.source = 'starter' AND EXISTS (SELECT FROM incoming_cycle AS i WHERE i.slug = c.slug);
-- ;;
INSERT INTO weaknesses_supportcycle (slug, cycle, source, product_keys, released_on, ended, ends_on, latest)
SELECT slug, cycle, %(source)s, product_keys, released_on, ended, ends_on, latest FROM incoming_cycle AS i
WHERE NOT (%(source)s = 'starter' AND EXISTS (SELECT FROM weaknesses_supportcycle AS c WHERE c.slug = i.slug AND c.source <> 'starter'))
ON CONFLICT (slug, cycle, source) DO NOTHING;
