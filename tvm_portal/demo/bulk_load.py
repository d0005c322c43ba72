"""A large demo fleet as of today, by COPY: the organisation of the small one, without playing its days.

Installations and results are written into partitions built beside their tables (core.partition_moves), each by one COPY and indexed
afterwards, by `workers` connections. The transaction that adds the machines puts them in place, so that an interrupted load leaves
no machine. Reports of other machines wait meanwhile. Memory does not grow with the fleet beyond the numbers of one partition's machines.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from django.db import connection, transaction
from psycopg import sql as names

from core import partition_moves, partitions
from core.partition_moves import Piece
from inventory.actions import default_group, regroup_machines
from inventory.bulk import refresh_statistics
from inventory.models import MachineGroup
from tvm_portal.demo import stock
from tvm_portal.demo.assortment import HEADER, TRAILER, Kind, draws
from tvm_portal.demo.organisation import DOMAIN, DemoMachine, Roster, address
from tvm_portal.demo.stock import Stock

DAYS = 120  # since most machines first reported
_CHUNK = 1 << 18
_ALERT_EVERY = 2_000
_MACHINE_COLUMNS = (
    "id, external_id, name, domain, family, platform, os_name, os_version, os_build, architecture, ip_addresses, "
    "group_id, value, internet_facing, excluded, tags, is_demo, first_seen, last_seen, digests"
)
_SOFTWARE, _CHECKS = "software", "checks"
TABLES = {"inventory_installation": _SOFTWARE, "inventory_configurationresult": _CHECKS}
_COLUMNS = {
    "inventory_installation": "machine_id, version_id, first_seen",
    "inventory_configurationresult": "machine_id, configuration_id, passed, changed_at",
}

Say = Callable[[str], None]


@dataclass(frozen=True)
class Load:
    roster: Roster
    stock: Stock
    first_id: int
    now: dt.datetime

    def rows(self, table: str, machine_id: int) -> bytes:
        number = machine_id - self.first_id + 1
        machine = self.roster.machine(number)
        what = TABLES[table]
        lines = (self.stock.software if what == _SOFTWARE else self.stock.results)[Kind.of(machine, days=self.roster.days)]
        return lines.rows(machine_id, 1 + _COLUMNS[table].count(","), draws(self.roster.seed, number, what, len(lines.lines)))

    def system(self, machine: DemoMachine) -> tuple[str, str]:
        """Name and version of the machine's system: what its first line of slots has for it."""
        lines = self.stock.software[Kind.of(machine, days=self.roster.days)]
        drawn = draws(self.roster.seed, machine.number, _SOFTWARE, len(lines.lines))[0]
        return self.stock.systems[lines.lines[0][drawn & lines.masks[0]]]


def load(*, count: int, seed: int, now: dt.datetime, stamp: dt.date, workers: int, say: Say) -> None:
    """The groups, checks and intelligence are there already."""
    roster = Roster(count, DAYS, seed)
    made = stock.make(roster, now=now, stamp=stamp)
    say(f"{sum(len(lines.lines) for lines in made.software.values()):,} lines of software for {len(made.software)} kinds of machines")
    if connection.in_atomic_block:
        workers = 1  # other connections would not see what this transaction has made
    with transaction.atomic():
        for table in ("inventory_machine", *TABLES):
            partition_moves.lock(table)
        ready = Load(roster, made, _reserve(count), now)
        _copy_machines(ready, say)
        pieces = [piece for table in TABLES for piece in partition_moves.pieces(table, partitions.count(table))]
        _each(lambda piece: _fill(ready, piece), pieces, workers, say)
        for table in TABLES:
            partition_moves.swap(table, [piece for piece in pieces if piece.table == table])
        regroup_machines(by="demo", now=now)
    refresh_statistics()


def _reserve(count: int) -> int:
    """The first of so many machine ids that nobody else will get: writers of machines are locked out."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT setval(s, nextval(s) + %s) FROM pg_get_serial_sequence('inventory_machine', 'id') s", [count])
        return int(cursor.fetchone()[0]) - count + 1


def _each(work: Callable[[Piece], None], pieces: list[Piece], workers: int, say: Say) -> None:
    done: Iterable[None]
    if workers == 1:
        done = map(work, pieces)
        _count(done, pieces, say)
        return

    def apart(piece: Piece) -> None:
        try:
            work(piece)
        finally:
            connection.close()

    with ThreadPoolExecutor(workers) as pool:
        _count(pool.map(apart, pieces), pieces, say)


def _count(done: Iterable[None], pieces: list[Piece], say: Say) -> None:
    for number, (piece, _) in enumerate(zip(pieces, done, strict=True), start=1):
        say(f"{piece.table}: partition {piece.remainder + 1} of {piece.modulus} ({number} of {len(pieces)} in all)")


def _fill(ready: Load, piece: Piece) -> None:
    """What the partition has, and the demo's rows of it."""
    with transaction.atomic():
        partition_moves.start(piece)
        partition_moves.keep(piece)
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT machine_id FROM generate_series(%s::int, %s::int) AS m(machine_id) WHERE {piece.condition} ORDER BY 1",  # noqa: S608
                [ready.first_id, ready.first_id + ready.roster.count - 1],
            )
            machines = [row[0] for row in cursor.fetchall()]
            statement = names.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY, FREEZE)").format(
                names.Identifier(piece.name), names.SQL(_COLUMNS[piece.table])
            )
            with cursor.copy(statement) as copy:
                copy.write(HEADER)
                for chunk in _chunks(ready.rows(piece.table, machine) for machine in machines):
                    copy.write(chunk)
                copy.write(TRAILER)
        partition_moves.finish(piece)


def _chunks(parts: Iterable[bytes]) -> Iterator[bytes]:
    waiting = bytearray()
    for part in parts:
        waiting += part
        if len(waiting) > _CHUNK:
            yield bytes(waiting)
            waiting.clear()
    yield bytes(waiting)


def _copy_machines(ready: Load, say: Say) -> None:
    default, groups = default_group().pk, dict(MachineGroup.objects.values_list("name", "pk"))
    with connection.cursor() as cursor:
        with cursor.copy(f"COPY inventory_machine ({_MACHINE_COLUMNS}) FROM STDIN") as copy:
            for number in range(1, ready.roster.count + 1):
                machine = ready.roster.machine(number)
                copy.write(_machine_line(ready, machine, groups.get(machine.role.group, default)))
        say(f"{ready.roster.count:,} machines")
        with cursor.copy(
            "COPY inventory_alert (external_id, machine_id, cve, title, severity, source, opened_at, closed_at) FROM STDIN"
        ) as copy:
            for number in range(7, ready.roster.count + 1, _ALERT_EVERY):
                copy.write(_alert_line(ready, number))


def _machine_line(ready: Load, machine: DemoMachine, group_id: int) -> str:
    name, version = ready.system(machine)
    seed, now, role = ready.roster.seed, ready.now, machine.role
    drawn = draws(seed, machine.number, "seen", 2)
    seen = now - dt.timedelta(days=machine.silent or 0, seconds=drawn[0] * 1.2 + (86_400 if drawn[1] < 3_000 else 0))
    linux = machine.family == "linux"
    return "\t".join(
        (
            str(ready.first_id + machine.number - 1),
            machine.external_id,
            machine.name,
            DOMAIN,
            machine.family,
            machine.platform if linux else machine.family,
            name,
            version,
            version if machine.family == "windows" else "",
            "arm64" if machine.family == "macos" else "x86_64",
            f"{{{address(machine, seed)}}}",
            str(group_id),
            str(role.value),
            "t" if role.internet_facing else "f",
            "f",
            f"{{{','.join(role.tags)}}}",
            "t",
            (now - dt.timedelta(days=machine.joined)).isoformat(),
            seen.isoformat(),
            "{}\n",
        )
    )


# title, weakness that it names, days until it is closed (None: still open)
_ALERTS = (
    ("Credential theft tool started", "", 2),
    ("Web shell written below the document root", "", 4),
    ("Browser process started a shell", "CVE-2026-2441", None),
    ("Archive dropped a program into the start-up folder", "CVE-2025-8088", None),
    ("Scripting host reached a rare address", "", None),
)


def _alert_line(ready: Load, number: int) -> str:
    title, cve, open_for = _ALERTS[number // _ALERT_EVERY % len(_ALERTS)]
    opened = ready.now - dt.timedelta(seconds=draws(ready.roster.seed, number, "alert", 1)[0] * 20 + 3_600)
    closed = "\\N" if open_for is None else min(opened + dt.timedelta(days=open_for), ready.now).isoformat()
    return f"demo-alert-of-{number}\t{ready.first_id + number - 1}\t{cve}\t{title}\thigh\tdemo\t{opened.isoformat()}\t{closed}\n"
