-- Applications of the loaded intelligence with the versions that fixed something, up to eight of each in order, the last ones. Those
-- with most ranges first. One pass over the ranges: 0.1 s for the shipped ones, some seconds for a full NVD.
SELECT p.key, array_agg(v.fixed ORDER BY v.fixed_key) AS versions
FROM (
    SELECT r.product_id, r.fixed, min(r.fixed_key) AS fixed_key, count(*) AS said,
        row_number() OVER (PARTITION BY r.product_id ORDER BY min(r.fixed_key) DESC, r.fixed) AS place
    FROM weaknesses_affectedrange r
    WHERE r.fixed <> '' AND r.fixed_key <> '' AND length(r.fixed) <= 40
    GROUP BY r.product_id, r.fixed
) v
JOIN weaknesses_product p ON p.id = v.product_id
WHERE v.place <= 8 AND p.key LIKE 'cpe:a:%%' AND p.key ~ '^cpe:a:[a-z0-9_.+-]+:[a-z0-9_.+-]+$'
GROUP BY p.key
ORDER BY sum(v.said) DESC, p.key COLLATE "C"
LIMIT %(limit)s
