"""Taking reports in, against the floor of a bare COPY of the rows that they end in.

At scale N: N Windows machines with 100 programs each, of at most 4,000 distinct versions, in osquery logs of 500
machines a file, after a first file of 10; then one machine of 500 packages, reported again unchanged and with 10
packages upgraded. Each report is committed; the tables are emptied in the end.
"""

from __future__ import annotations

import datetime as dt
import io
import json
import random
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext

from inventory.actions import ingest
from inventory.arrivals import arrivals_of
from inventory.loading import load
from inventory.models import IngestRun
from tests.benchmarks import Row

NOW = dt.datetime(2026, 3, 16, 12, tzinfo=dt.UTC)
PROGRAMS = 100
MACHINES_A_FILE = 500
PACKAGES = 500
_FLOOR = {
    "inventory_installation": "machine_id, version_id, first_seen",
    "inventory_installationevidence": "machine_id, version_id, evidence",
}


def run(scale: int) -> list[Row]:
    try:
        return [*_bulk(scale), *_one_machine(scale)]
    finally:
        _empty()


def _empty() -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS {', '.join(f'twin_{table}' for table in _FLOOR)}")
        cursor.execute("TRUNCATE inventory_machine, inventory_installation, inventory_installationevidence, inventory_software CASCADE")


# --- many machines ---------------------------------------------------------------------------------------------------


def _bulk(scale: int) -> list[Row]:
    with TemporaryDirectory(prefix="tvm-bench-logs-") as folder:
        _ingested([_written(Path(folder) / "before.log", log) for log in _logs(10)])  # what is imported and connected once
        _empty()
        files = [_written(Path(folder) / f"bench-{number}.log", log) for number, log in enumerate(_logs(scale))]
        first, stored = _ingested(files)
        again, unchanged = _ingested(files)
    assert stored == scale * PROGRAMS + scale, stored  # and an operating system each
    assert unchanged == 0
    floor = _bare_copy()
    return [
        Row("bulk ingest, new machines", scale, first, "s", floor, first / floor, 2.0),
        Row("bulk ingest, nothing new", scale, again, "s", floor, again / floor, 1.0),
    ]


def _logs(machines: int) -> Iterator[bytes]:
    chance = random.Random(1)
    catalogue = [
        {"name": f"Program {number // 4}", "version": f"{number % 4}.{number % 7}.{number % 11}", "publisher": f"Vendor {number % 90}",
         "install_location": f"C:\\Program Files\\Program {number // 4}", "identifying_number": "", "language": "1033"}
        for number in range(min(4_000, max(400, machines // 2)))
    ]  # fmt: skip
    for start in range(0, machines, MACHINES_A_FILE):
        lines = []
        for number in range(start, min(start + MACHINES_A_FILE, machines)):
            host = f"bench-{number:07}"
            lines.append(_event(host, "os_version", [{"name": "Windows 11 Pro", "version": "10.0.22631", "platform": "windows"}]))
            lines.append(_event(host, "programs", [catalogue[place] for place in sorted(chance.sample(range(len(catalogue)), PROGRAMS))]))
        yield b"\n".join(lines)


def _event(host: str, table: str, rows: list[dict[str, str]]) -> bytes:
    return json.dumps({"name": f"pack_{table}", "hostIdentifier": host, "action": "snapshot", "snapshot": rows}).encode()


def _written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def _ingested(files: list[Path]) -> tuple[float, int]:
    started, added = time.perf_counter(), 0
    arrivals = (arrival for file in files for arrival in arrivals_of(file, limit=settings.INGEST_MAX_BYTES))
    for _, run in load(arrivals, source="osquery", machine="", platform="", clock=lambda: NOW):
        assert run.state == IngestRun.State.DONE, run.error
        added += run.added
    return time.perf_counter() - started, added


def _bare_copy() -> float:
    """Seconds to copy the rows just stored into empty twins of their tables: same columns, keys, indexes and partitions."""
    with connection.cursor() as cursor:
        lines = {}
        for table, columns in _FLOOR.items():
            with cursor.cursor.copy(f"COPY (SELECT {columns} FROM {table}) TO STDOUT") as copy:
                lines[table] = b"".join(bytes(part) for part in copy)
            _make_twin(table)
        started = time.perf_counter()
        for table, columns in _FLOOR.items():
            with cursor.cursor.copy(f"COPY twin_{table} ({columns}) FROM STDIN") as copy:
                copy.write(lines[table])
        return time.perf_counter() - started


def _make_twin(table: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE twin_{table} (LIKE {table} INCLUDING ALL) PARTITION BY HASH (machine_id)")
        cursor.execute("SELECT count(*) FROM pg_inherits WHERE inhparent = %s::regclass", [table])
        count = cursor.fetchone()[0]
        for number in range(count):
            cursor.execute(
                f"CREATE TABLE twin_{table}_{number} PARTITION OF twin_{table} FOR VALUES WITH (MODULUS {count}, REMAINDER {number})"
            )


# --- one machine -----------------------------------------------------------------------------------------------------


def _one_machine(scale: int) -> list[Row]:
    with connection.cursor() as cursor:  # as the server does by itself soon after a bulk load
        cursor.execute("ANALYZE inventory_installation, inventory_installationevidence, inventory_version, inventory_software")
    _report(_body(0))
    for upgrade in range(-5, 0):
        _report(_body(upgrade))
    changed = [_timed(_body(upgrade), _body(upgrade + 1000)) for upgrade in range(1, 101)]
    last = _body(1100)
    unchanged = [_timed(last, last) for _ in range(100)]
    return [
        _figure("one report of 500 packages, unchanged", scale, unchanged, 2.0),
        _figure("one report of 500 packages, 10 upgraded", scale, changed, 20.0),
        _figure("one report, unchanged: statements", scale, unchanged, 5.0, statements=True),
        _figure("one report, 10 upgraded: statements", scale, changed, 20.0, statements=True),
    ]


def _figure(name: str, scale: int, figures: list[tuple[float, int]], goal: float, *, statements: bool = False) -> Row:
    value = float(max(count for _, count in figures)) if statements else median(seconds for seconds, _ in figures) * 1000
    return Row(name, scale, value, "statements" if statements else "ms", 1.0, value, goal)


def _timed(body: bytes, another: bytes) -> tuple[float, int]:
    """Seconds of one report and statements of another. Measured apart: counting costs time."""
    started = time.perf_counter()
    _report(body)
    seconds = time.perf_counter() - started
    with CaptureQueriesContext(connection) as queries:
        _report(another)
    return seconds, sum(1 for query in queries if query["sql"] not in {"BEGIN", "COMMIT"} and "SAVEPOINT" not in query["sql"])


def _body(upgrade: int) -> bytes:
    """A report of the machine's 500 packages, 10 of them in the version of this upgrade."""
    rows = [
        {
            "name": f"package-{number}",
            "version": f"1.{number}-{upgrade if number < 10 else 1}",
            "source": "",
            "status": "install ok installed",
        }
        for number in range(PACKAGES)
    ]
    return _event("bench-one", "deb_packages", rows)


def _report(body: bytes) -> None:
    ingest(stream=io.BytesIO(body), filename="", source="osquery", now=NOW)
