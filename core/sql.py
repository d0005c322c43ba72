"""Runs the named statements of `<app>/sql/<verb>_<noun>.sql`.

A file holds one or more statements separated by a line `-- ;;`, with psycopg placeholders
(`%(name)s`). A header comment says what the statement does, its key and its cost. `tables` puts other tables in the
place of those that a file names: the partitions of one slice.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from django.db import connection

_ROOT = Path(__file__).resolve().parent.parent
_IDENTIFIER = re.compile(r"[a-z_][a-z0-9_]*")


@cache
def statements(name: str) -> tuple[str, ...]:
    """The statements of `app/file` ("recommendations/rebuild_exposures")."""
    app, file = name.split("/")
    text = (_ROOT / app / "sql" / f"{file}.sql").read_text()
    return tuple(part.strip() for part in text.split("-- ;;") if part.strip())


def run(name: str, parameters: Mapping[str, Any] | None = None, tables: Mapping[str, str] | None = None) -> list[int]:
    """Run every statement of a file in order; returns the rows each one touched."""
    touched = []
    with connection.cursor() as cursor:
        for statement in _on(statements(name), tables):
            cursor.execute(statement, parameters or {})
            touched.append(cursor.rowcount)
    return touched


def rows(name: str, parameters: Mapping[str, Any] | None = None, tables: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
    """Run a file and return the rows of its last statement as dictionaries."""
    with connection.cursor() as cursor:
        for statement in _on(statements(name), tables):
            cursor.execute(statement, parameters or {})
        columns = [column.name for column in cursor.description or ()]
        return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]


def _on(parts: tuple[str, ...], tables: Mapping[str, str] | None) -> tuple[str, ...]:
    """The statements on other tables. Raises ValueError where a name is more than a plain identifier."""
    if not tables:
        return parts
    for name in (*tables, *tables.values()):
        if not _IDENTIFIER.fullmatch(name):
            raise ValueError(f"not the name of a table: {name}")
    named = re.compile(rf"\b({'|'.join(tables)})\b")
    return tuple(named.sub(lambda found: tables[found[0]], part) for part in parts)


def containing(text: str) -> str:
    """The LIKE pattern of "contains this text", its wildcards taken literally."""
    return f"%{starting(text)}"


def starting(text: str) -> str:
    """The LIKE pattern of "begins with this text", its wildcards taken literally."""
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"{escaped}%"
