"""Copying in a large demo fleet, against the floor of a bare COPY of the same rows into tables that are indexed afterwards.

At scale N: N machines with 100 installations each, 50 x the square root of N versions, about 18 results of checks a machine. The load is
all of `manage.py demo --no-recompute` but the shipped intelligence: versions, machines, rows, indexes. Then taking it out again.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from typing import IO

from django.db import connection

from core import partitions
from tests.benchmarks import Row
from tests.benchmarks.recompute import GOAL_FROM, NO_GOAL, NOW, build, clear
from tvm_portal.demo import store

# The versions and what they are matched by take most of a small load.
GOAL_LOAD, GOAL_REMOVE = 2.0, 1.0
TABLES = {
    "inventory_machine": (),
    "inventory_installation": ("PRIMARY KEY (machine_id, version_id)", "(version_id, machine_id)"),
    "inventory_configurationresult": ("PRIMARY KEY (machine_id, configuration_id)", "(configuration_id, machine_id) WHERE NOT passed"),
}
_CHUNK = 1 << 20


def run(scale: int) -> list[Row]:
    build(0, now=NOW)
    load = _timed(lambda: build(scale, now=NOW, afresh=False, matched=False))
    floor = sum(_bare_copy(table, indexes) for table, indexes in TABLES.items())
    remove = _timed(store.remove)
    clear()
    return [
        Row("Large demo, copied in", scale, load, "s", floor, load / floor, GOAL_LOAD if scale >= GOAL_FROM else NO_GOAL),
        Row("Large demo, taken out again", scale, remove, "s", floor, remove / floor, GOAL_REMOVE),
    ]


def _bare_copy(table: str, indexes: tuple[str, ...]) -> float:
    """Seconds to copy a table's rows from a file into an empty twin and index it."""
    with tempfile.TemporaryFile() as file, connection.cursor() as cursor:
        with cursor.copy(f"COPY (SELECT * FROM {table}) TO STDOUT (FORMAT BINARY)") as copy:
            for part in copy:
                file.write(part)
        file.seek(0)
        _make_twin(table, whole=not indexes)
        try:
            return _timed(lambda: _copy_in(table, file, indexes))
        finally:
            cursor.execute(f"DROP TABLE twin_{table}")


def _copy_in(table: str, file: IO[bytes], indexes: tuple[str, ...]) -> None:
    with connection.cursor() as cursor:
        with cursor.copy(f"COPY twin_{table} FROM STDIN (FORMAT BINARY)") as copy:
            while part := file.read(_CHUNK):
                copy.write(part)
        for index in indexes:
            cursor.execute(
                f"ALTER TABLE twin_{table} ADD {index}" if index.startswith("PRIMARY") else f"CREATE INDEX ON twin_{table} {index}"
            )


def _make_twin(table: str, *, whole: bool) -> None:
    """`whole`: with its indexes from the beginning, and in one piece."""
    with connection.cursor() as cursor:
        if whole:
            cursor.execute(f"CREATE TABLE twin_{table} (LIKE {table} INCLUDING ALL EXCLUDING IDENTITY)")
            return
        cursor.execute(f"CREATE TABLE twin_{table} (LIKE {table} INCLUDING DEFAULTS) PARTITION BY HASH (machine_id)")
        count = partitions.count(table)
        for number in range(count):
            cursor.execute(
                f"CREATE TABLE twin_{table}_{number} PARTITION OF twin_{table} FOR VALUES WITH (MODULUS {count}, REMAINDER {number})"
            )


def _timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
