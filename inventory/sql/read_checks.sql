-- The ids of checks by source and external id. An index look-up each.
SELECT c.id, c.source, c.external_id
FROM unnest(%(sources)s::text[], %(external_ids)s::text[]) AS r (source, external_id)
JOIN inventory_configuration c ON c.source = r.source AND c.external_id = r.external_id
