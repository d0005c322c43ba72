-- The temporary tables of one batch of matching. Dropped with its transaction.
DROP TABLE IF EXISTS wanted, probe, candidate, edition, program_product
-- ;;
CREATE TEMP TABLE wanted (
    id bigint NOT NULL,
    version_id integer,
    software_id integer NOT NULL,
    version text NOT NULL,
    sort_key text COLLATE "C" NOT NULL,
    platform text NOT NULL
) ON COMMIT DROP
-- ;;
CREATE TEMP TABLE probe (
    id bigint NOT NULL,
    version_id integer,
    software_id integer NOT NULL,
    version text NOT NULL,
    sort_key text COLLATE "C" NOT NULL,
    bare_key text COLLATE "C",
    has_epoch boolean NOT NULL,
    platforms text[] NOT NULL,
    scheme text NOT NULL,
    facets text[] NOT NULL,
    product_keys text[] NOT NULL,
    hosted boolean NOT NULL,
    upstream boolean NOT NULL DEFAULT false,
    PRIMARY KEY (id, upstream)
) ON COMMIT DROP
-- ;;
CREATE TEMP TABLE candidate (
    probe_id bigint NOT NULL,
    weakness_id integer NOT NULL,
    range_id bigint NOT NULL,
    source text NOT NULL,
    confidence integer NOT NULL,
    fix smallint NOT NULL,
    fixed text NOT NULL,
    fixed_key text COLLATE "C" NOT NULL,
    last text NOT NULL,
    last_key text COLLATE "C" NOT NULL,
    upstream boolean NOT NULL DEFAULT false
) ON COMMIT DROP
-- ;;
CREATE TEMP TABLE edition ON COMMIT DROP AS
SELECT * FROM unnest(%(edition_products)s::text[], %(edition_qualifiers)s::text[], %(edition_values)s::text[], %(edition_versions)s::text[])
    AS e (product, qualifier, value, version)
-- ;;
-- The products that programs are. An extension of the same name is another thing, with numbers of its own.
CREATE TEMP TABLE program_product ON COMMIT DROP AS
SELECT DISTINCT unnest(product_keys) COLLATE "C" AS key
FROM inventory_softwarealias
WHERE NOT vendor = ANY(%(extension_collectors)s)
