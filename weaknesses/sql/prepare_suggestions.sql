-- The words of the products' names, what each word weighs, and what each name weighs as a whole: for suggest_products.sql, within
-- one transaction. Tables and no part of that statement, because the planner takes the words of a name for a handful, and joins them
-- in loops. Keyed by (product, word), word, product. Cost: one scan of the products; 60,000: about 0.4 s.
DROP TABLE IF EXISTS product_word, word_weight, product_weight
-- ;;
CREATE TEMP TABLE product_word ON COMMIT DROP AS
SELECT DISTINCT id, word
FROM (
    -- No regular expressions and no lateral join, which take five times as long. The characters are those between words of a name.
    SELECT id, unnest(string_to_array(translate(
        lower(split_part(key, ':', 4)), '_-.+/\!&()[]~@#$,;=*?''"|', '                         '), ' ')) AS word
    FROM weaknesses_product
    WHERE key LIKE 'cpe:a:%%'
) part
WHERE length(word) > 1 AND ltrim(word, '0123456789') <> ''
-- ;;
ANALYZE product_word
-- ;;
CREATE TEMP TABLE word_weight ON COMMIT DROP AS
SELECT word, ln(1 + (SELECT count(*) FROM weaknesses_product WHERE key LIKE 'cpe:a:%%') / count(*)::float8) AS weight, count(*) AS used
FROM product_word
GROUP BY word
-- ;;
ANALYZE word_weight
-- ;;
CREATE TEMP TABLE product_weight ON COMMIT DROP AS
SELECT p.id, sum(k.weight) AS weight
FROM product_word p
JOIN word_weight k USING (word)
GROUP BY p.id
-- ;;
ANALYZE product_weight
