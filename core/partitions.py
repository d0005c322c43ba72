"""Tables split by machine (hash) or by month (range), as migration operations.

Django creates the parent as usual; only the closing PARTITION BY and the partitions are ours.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.migrations.operations import CreateModel, RunPython, RunSQL

_MONTH = re.compile(r"_(\d{4})_(\d{2})$")


class _CreatePartitionedModel(CreateModel):
    partition_by = ""

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        plain = schema_editor.sql_create_table
        schema_editor.sql_create_table = f"{plain} PARTITION BY {self.partition_by}"
        try:
            super().database_forwards(app_label, schema_editor, from_state, to_state)
        finally:
            schema_editor.sql_create_table = plain
        table = to_state.apps.get_model(app_label, self.name)._meta.db_table  # noqa: SLF001  (Django's documented way)
        for statement in self.partitions(table):
            schema_editor.execute(statement)

    def partitions(self, table: str) -> list[str]:
        raise NotImplementedError


class CreateModelByMachine(_CreatePartitionedModel):
    """A table keyed by machine first, in INSTALLATION_PARTITIONS hash partitions."""

    partition_by = "HASH (machine_id)"

    def partitions(self, table: str) -> list[str]:
        count = settings.INSTALLATION_PARTITIONS
        return [
            f'CREATE TABLE "{table}_p{n:02}" PARTITION OF "{table}" FOR VALUES WITH (MODULUS {count}, REMAINDER {n})' for n in range(count)
        ]


class CreateModelByMonth(_CreatePartitionedModel):
    """A table of daily rows, one partition a month; `ensure_month` makes them as days arrive."""

    partition_by = "RANGE (day)"

    def partitions(self, table: str) -> list[str]:
        return [f'CREATE TABLE "{table}_rest" PARTITION OF "{table}" DEFAULT']


class SetStorage(RunPython):
    """Storage parameters of a table, or of each of its partitions. Rows that are there already move only when they are written again."""

    def __init__(self, table: str, **parameters: object) -> None:
        chosen = ", ".join(f"{name} = {value}" for name, value in parameters.items())
        super().__init__(self._each(table, f"SET ({chosen})"), self._each(table, f"RESET ({', '.join(parameters)})"))
        self.table, self.parameters = table, parameters

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        return type(self).__name__, [self.table], dict(self.parameters)

    @staticmethod
    def _each(table: str, change: str) -> Callable[[Any, Any], None]:
        def alter(_: Any, schema_editor: Any) -> None:
            for name in names(table) or [table]:
                schema_editor.execute(f'ALTER TABLE "{name}" {change}')

        return alter


class SetRowsOfMachine(RunSQL):
    """About how many rows a machine has in a table, for the planner: samples of large tables find far too few different machines."""

    def __init__(self, table: str, *, rows: int) -> None:
        column = f'ALTER TABLE "{table}" ALTER COLUMN machine_id'
        super().__init__(f"{column} SET (n_distinct_inherited = {-1 / rows:.4f})", f"{column} RESET (n_distinct_inherited)")
        self.table, self.rows = table, rows

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        return type(self).__name__, [self.table], {"rows": self.rows}


def ensure_month(table: str, day: dt.date) -> None:
    """Make the partition that holds `day`. Safe to call again, and from several processes. Rows of the month that were written before
    it was there move to it.
    """
    first = day.replace(day=1)
    following = (first + dt.timedelta(days=32)).replace(day=1)
    name, rest = f"{table}_{first:%Y_%m}", f"{table}_rest"
    with transaction.atomic(), connection.cursor() as cursor:
        if _exists(cursor, name):
            return
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [name])
        if _exists(cursor, name):
            return
        cursor.execute(f'CREATE TABLE "{name}" (LIKE "{table}" INCLUDING DEFAULTS INCLUDING CONSTRAINTS)')
        cursor.execute(f'LOCK TABLE "{table}" IN SHARE ROW EXCLUSIVE MODE')
        cursor.execute(
            f'WITH moved AS (DELETE FROM "{rest}" WHERE day >= %s AND day < %s RETURNING *) '  # noqa: S608  names of our own
            f'INSERT INTO "{name}" SELECT * FROM moved',
            [first, following],
        )
        cursor.execute(f"ALTER TABLE \"{table}\" ATTACH PARTITION \"{name}\" FOR VALUES FROM ('{first}') TO ('{following}')")


def drop_months(table: str, *, before: dt.date) -> list[str]:
    """Drop the partitions of months that ended before that day; returns their names. What is in the default partition stays."""
    first = before.replace(day=1)
    months = [(name, _MONTH.search(name)) for name in names(table)]
    gone = [name for name, month in months if month and dt.date(int(month[1]), int(month[2]), 1) < first]
    with connection.cursor() as cursor:
        for name in gone:
            cursor.execute(f'DROP TABLE "{name}"')
    return gone


def _exists(cursor: Any, name: str) -> bool:
    cursor.execute("SELECT to_regclass(%s)", [name])
    return cursor.fetchone()[0] is not None


def names(table: str) -> list[str]:
    """The partitions of a table as they are in the database: by remainder, else by name."""
    with connection.cursor() as cursor:
        cursor.execute(_PARTITIONS, [table])
        return [row[0] for row in cursor.fetchall()]


def count(table: str) -> int:
    """How many partitions a table has in the database; the setting only says how many new tables get."""
    return len(names(table))


def analyze() -> int:
    """Statistics of each table split by machine as a whole, by which its joins are planned: autovacuum has those of its parts only.
    Returns how many tables.
    """
    tables = tables_by_machine()
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f'ANALYZE "{table}"')
    return len(tables)


def set_storage(table: str, partition: str) -> None:
    """Give a new partition the storage parameters that its siblings have; partitioned tables have none themselves."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT array_to_string(c.reloptions, ', ') FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid "
            "WHERE i.inhparent = to_regclass(%s) AND c.reloptions IS NOT NULL ORDER BY c.relname DESC LIMIT 1",
            [table],
        )
        if found := cursor.fetchone():
            cursor.execute(f'ALTER TABLE "{partition}" SET ({found[0]})')


def tables_by_machine() -> list[str]:
    """Every table that is split by machine."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT p.partrelid::regclass::text FROM pg_partitioned_table p "
            "WHERE p.partstrat = 'h' AND pg_get_partkeydef(p.partrelid) = 'HASH (machine_id)' ORDER BY 1"
        )
        return [row[0] for row in cursor.fetchall()]


_PARTITIONS = r"""
SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = to_regclass(%s)
ORDER BY substring(pg_get_expr(c.relpartbound, c.oid) FROM 'remainder (\d+)')::int, c.relname
"""
