"""The partitions of tables that are split by machine alike: slice n of the fleet is partition n of each."""

from __future__ import annotations

import re
from collections.abc import Sequence

from django.db import connection

_BOUND = re.compile(r"FOR VALUES WITH \(modulus (\d+), remainder (\d+)\)")


def slices(tables: Sequence[str]) -> list[dict[str, str]]:
    """For each slice, table -> the name of its partition. Empty where the tables are not all split into the same number of parts."""
    found: dict[tuple[str, int, int], str] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT p.relname, c.relname, pg_get_expr(c.relpartbound, c.oid)
            FROM pg_class p JOIN pg_inherits i ON i.inhparent = p.oid JOIN pg_class c ON c.oid = i.inhrelid
            WHERE p.oid = ANY(%s::regclass[])
            """,
            [list(tables)],
        )
        for table, partition, bound in cursor.fetchall():
            if (hashed := _BOUND.fullmatch(bound)) is None:
                return []
            found[table, int(hashed[1]), int(hashed[2])] = partition
    count = len(found) // len(tables)
    if found.keys() != {(table, count, number) for table in tables for number in range(count)}:
        return []
    return [{table: found[table, count, number] for table in tables} for number in range(count)]
