-- Products that software without vulnerability data may be: by the words that the names share, rare words counting more. Keyed by
-- (software, product). Score 0-100: what the words of both names weigh together of what all their words weigh; a vendor that is
-- another one takes 40 percent off, one that is not known 30, so that a name alone never looks certain.
-- Products in question: those of the same version order (a CPE for an application, never for a package) that have ranges.
-- Reads the tables of prepare_suggestions.sql. Ranges are counted for the suggestions only.
WITH named AS (
    SELECT id, lower(regexp_replace(vendor, '\m(inc|incorporated|corp|corporation|ltd|limited|gmbh|llc|co|ag|software|project|foundation|team|the)\M\.?', '', 'gi')) AS vendor,
        lower(substr(key, strpos(key, '-_-') + 3) || ' ' || name) AS name
    FROM inventory_software
    WHERE id = ANY(%(software_ids)s) AND ecosystem IN ('cpe', 'other')
), wanted AS MATERIALIZED (
    SELECT *, array_remove(regexp_split_to_array(btrim(vendor), '[^a-z0-9]+'), '') AS vendor_words FROM named
), wanted_word AS (
    SELECT DISTINCT w.id, word
    FROM wanted w, regexp_split_to_table(w.name, '[^a-z0-9]+') AS word
    WHERE length(word) > 1 AND word !~ '^[0-9]+$'
), own_words AS (
    SELECT x.id, array_agg(x.word) AS words, array_agg(coalesce(k.weight, 6)) AS weights
    FROM wanted_word x
    LEFT JOIN word_weight k USING (word)
    GROUP BY x.id
), shared AS MATERIALIZED (
    SELECT w.id AS software_id, p.id AS product_id, sum(k.weight) AS weight
    FROM wanted_word w
    JOIN word_weight k USING (word)
    JOIN product_word p USING (word)
    WHERE k.used <= 2000
    GROUP BY w.id, p.id
), likely AS MATERIALIZED (
    -- Whatever our other words are, no score is above the part of their name that is shared.
    SELECT s.software_id, s.product_id, s.weight AS shared, t.weight AS theirs, p.key, split_part(p.key, ':', 3) AS vendor
    FROM shared s
    JOIN product_weight t ON t.id = s.product_id AND 100 * s.weight >= t.weight * (%(least)s - 1)
    JOIN weaknesses_product p ON p.id = s.product_id
), whole AS (
    -- Words of the vendor in the software's name say nothing against a product of that vendor.
    SELECT p.software_id, p.product_id, p.shared, p.key, p.theirs,
        (SELECT sum(x.weight) FROM unnest(o.words, o.weights) AS x (word, weight)
            WHERE position(x.word IN p.vendor) = 0 AND position(x.word IN v.vendor) = 0) AS ours,
        CASE
            WHEN btrim(v.vendor) = '' THEN 0.7
            WHEN v.vendor_words && string_to_array(translate(p.vendor, '-.+_', '    '), ' ')
                OR replace(btrim(v.vendor), ' ', '') = replace(p.vendor, '_', '') THEN 1
            ELSE 0.6
        END AS vendor
    FROM likely p
    JOIN wanted v ON v.id = p.software_id
    JOIN own_words o ON o.id = p.software_id
), scored AS (
    SELECT software_id, product_id, key,
        round(100 * vendor * least(shared / nullif(theirs + greatest(coalesce(ours, 0), shared) - shared, 0), 1))::int AS score
    FROM whole
), ranked AS (
    SELECT *, row_number() OVER (PARTITION BY software_id ORDER BY score DESC, key) AS place
    FROM scored
    WHERE score >= %(least)s
), counted AS (
    SELECT r.software_id, r.product_id, r.key, r.score, n.weaknesses
    FROM ranked r
    CROSS JOIN LATERAL (
        SELECT count(DISTINCT weakness_id)::int AS weaknesses FROM weaknesses_affectedrange WHERE product_id = r.product_id
    ) n
    WHERE r.place <= 12 AND n.weaknesses > 0
        AND NOT EXISTS (SELECT 1 FROM weaknesses_softwareproduct l WHERE l.software_id = r.software_id AND l.product_id = r.product_id)
), best AS (
    SELECT *, row_number() OVER (PARTITION BY software_id ORDER BY score DESC, weaknesses DESC, key) AS place FROM counted
)
SELECT software_id, product_id, key, score, weaknesses FROM best WHERE place <= %(most)s ORDER BY software_id, place
