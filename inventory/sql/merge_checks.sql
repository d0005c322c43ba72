-- The catalogue as reports describe it: new checks, and changed texts of known ones, but for what a curator set.
-- Keyed by source and external id. Known rows are locked in id order, as two reports may describe the same benchmark.
INSERT INTO inventory_configuration (
    source, external_id, name, description, risk, remediation, category, subcategory, impact, cce, benchmarks, user_impact, is_demo
)
SELECT r.source, r.external_id, r.name, r.description, r.risk, r.remediation, r.category, r.subcategory, r.impact, r.cce, r.benchmarks, '', false
FROM jsonb_to_recordset(%(checks)s::jsonb) AS r (
    source text, external_id text, name text, description text, risk text, remediation text, category text, subcategory text,
    impact smallint, cce text, benchmarks text[]
)
WHERE NOT EXISTS (SELECT FROM inventory_configuration c WHERE c.source = r.source AND c.external_id = r.external_id)
ORDER BY r.source, r.external_id
ON CONFLICT (source, external_id) DO NOTHING
-- ;;
WITH said AS (
    SELECT c.id, c.name AS old_name, c.description AS old_description, c.risk AS old_risk, c.remediation AS old_remediation,
           c.category AS old_category, c.subcategory AS old_subcategory, c.impact AS old_impact, c.cce AS old_cce,
           c.benchmarks::text[] AS old_benchmarks,
           CASE WHEN 'name' = ANY(c.curated) THEN c.name ELSE r.name END AS name,
           CASE WHEN 'description' = ANY(c.curated) THEN c.description ELSE r.description END AS description,
           CASE WHEN 'risk' = ANY(c.curated) THEN c.risk ELSE r.risk END AS risk,
           CASE WHEN 'remediation' = ANY(c.curated) THEN c.remediation ELSE r.remediation END AS remediation,
           CASE WHEN 'category' = ANY(c.curated) THEN c.category ELSE r.category END AS category,
           CASE WHEN 'subcategory' = ANY(c.curated) THEN c.subcategory ELSE r.subcategory END AS subcategory,
           CASE WHEN 'impact' = ANY(c.curated) THEN c.impact ELSE r.impact END AS impact,
           CASE WHEN 'cce' = ANY(c.curated) THEN c.cce ELSE r.cce END AS cce,
           CASE WHEN 'benchmarks' = ANY(c.curated) THEN c.benchmarks::text[] ELSE r.benchmarks END AS benchmarks
    FROM inventory_configuration c
    JOIN jsonb_to_recordset(%(checks)s::jsonb) AS r (
        source text, external_id text, name text, description text, risk text, remediation text, category text, subcategory text,
        impact smallint, cce text, benchmarks text[]
    ) ON c.source = r.source AND c.external_id = r.external_id
    WHERE (c.name, c.description, c.risk, c.remediation, c.category, c.subcategory, c.impact, c.cce, c.benchmarks::text[])
        IS DISTINCT FROM (r.name, r.description, r.risk, r.remediation, r.category, r.subcategory, r.impact, r.cce, r.benchmarks)
    ORDER BY c.id
    FOR UPDATE OF c
)
UPDATE inventory_configuration c
SET name = s.name, description = s.description, risk = s.risk, remediation = s.remediation, category = s.category,
    subcategory = s.subcategory, impact = s.impact, cce = s.cce, benchmarks = s.benchmarks
FROM said s
WHERE c.id = s.id
  AND (s.old_name, s.old_description, s.old_risk, s.old_remediation, s.old_category, s.old_subcategory, s.old_impact, s.old_cce, s.old_benchmarks)
      IS DISTINCT FROM (s.name, s.description, s.risk, s.remediation, s.category, s.subcategory, s.impact, s.cce, s.benchmarks)
