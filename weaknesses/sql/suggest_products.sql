-- Products that software without vulnerability data may be: by the words that the names share, rare words counting more. Keyed by
-- (software, product). Score 0-100: what the words of both names weigh together of what all their words weigh; a vendor that is
-- another one takes 40 percent off, one that is not known 30, so that a name alone never looks certain.
-- Products in question: those of the same version order (a CPE for an application, never for a package) that have ranges.
-- Cost: one scan of the products, a few hundred thousand; ranges are counted for the suggestions only.
WITH wanted AS (
    SELECT id, lower(regexp_replace(vendor, '\m(inc|incorporated|corp|corporation|ltd|limited|gmbh|llc|co|ag|software|project|foundation|team|the)\M\.?', '', 'gi')) AS vendor,
        lower(substr(key, strpos(key, '-_-') + 3) || ' ' || name) AS name
    FROM inventory_software
    WHERE id = ANY(%(software_ids)s) AND ecosystem IN ('cpe', 'other')
), wanted_word AS (
    SELECT DISTINCT w.id, word
    FROM wanted w, regexp_split_to_table(w.name, '[^a-z0-9]+') AS word
    WHERE length(word) > 1 AND word !~ '^[0-9]+$'
), product AS (
    SELECT p.id, p.key, split_part(p.key, ':', 3) AS vendor, split_part(p.key, ':', 4) AS name
    FROM weaknesses_product p
    WHERE p.key LIKE 'cpe:a:%%'
), product_word AS (
    SELECT DISTINCT p.id, word
    FROM product p, regexp_split_to_table(lower(p.name), '[^a-z0-9]+') AS word
    WHERE length(word) > 1 AND word !~ '^[0-9]+$'
), weighed AS (
    SELECT word, ln(1 + (SELECT count(*) FROM product) / count(*)::float8) AS weight, count(*) AS used
    FROM product_word
    GROUP BY word
), shared AS (
    SELECT w.id AS software_id, p.id AS product_id, sum(k.weight) AS weight
    FROM wanted_word w
    JOIN weighed k USING (word)
    JOIN product_word p USING (word)
    WHERE k.used <= 2000
    GROUP BY w.id, p.id
), whole AS (
    -- Words of the vendor in the software's name say nothing against a product of that vendor.
    SELECT s.software_id, s.product_id, s.weight AS shared, p.key,
        (SELECT sum(k.weight) FROM product_word x JOIN weighed k USING (word) WHERE x.id = s.product_id) AS theirs,
        (SELECT sum(coalesce(k.weight, 6)) FROM wanted_word x LEFT JOIN weighed k USING (word)
            WHERE x.id = s.software_id AND position(x.word IN p.vendor) = 0 AND position(x.word IN v.vendor) = 0) AS ours,
        CASE
            WHEN btrim(v.vendor) = '' THEN 0.7
            WHEN regexp_split_to_array(btrim(v.vendor), '[^a-z0-9]+') && regexp_split_to_array(p.vendor, '[^a-z0-9]+')
                OR replace(btrim(v.vendor), ' ', '') = replace(p.vendor, '_', '') THEN 1
            ELSE 0.6
        END AS vendor
    FROM shared s
    JOIN product p ON p.id = s.product_id
    JOIN wanted v ON v.id = s.software_id
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
