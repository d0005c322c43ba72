-- The kinds of software that machines have reported, as a feed names what it needs: npm, deb, deb:debian, os:microsoft.
-- Cost: one scan of the software, some 50,000 rows.
SELECT DISTINCT unnest(ARRAY[ecosystem, ecosystem || ':' || split_part(key, '-_-', 1)]) AS kind
FROM inventory_software
WHERE ecosystem NOT IN ('cpe', 'other')
