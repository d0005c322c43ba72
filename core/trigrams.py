"""Indexes on the middle of texts, for `ILIKE '%words%'`, made by migrations where the database server has pg_trgm.

PostgreSQL's own packages and the embedded server have it, and the owner of a database may switch it on. Where it is missing the
same statements answer without the index, by reading the table: slower on a large fleet, and otherwise alike. Such an index is in
no model's Meta, so that models and migrations agree either way.
"""

from __future__ import annotations

from django.db import migrations

_MAKE = """
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_available_extensions WHERE name = 'pg_trgm') THEN
        BEGIN
            CREATE EXTENSION IF NOT EXISTS pg_trgm;
        EXCEPTION WHEN insufficient_privilege THEN
            RAISE NOTICE 'pg_trgm may not be switched on by this user: the search reads whole tables.';
        END;
    END IF;
    IF EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_trgm') THEN
        CREATE INDEX IF NOT EXISTS {name} ON {table} USING gin ({columns});
    END IF;
END
$$
"""


def trigram_index(*, name: str, table: str, columns: tuple[str, ...]) -> migrations.RunSQL:
    """The migration operation. Names are those of the schema, never a user's."""
    listed = ", ".join(f"{column} gin_trgm_ops" for column in columns)
    make = _MAKE.format(name=name, table=table, columns=listed)
    return migrations.RunSQL(make, f"DROP INDEX IF EXISTS {name}", elidable=False)
