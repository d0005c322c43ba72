"""Partitions built beside their table and put in its place: for large loads and removals, and for another number of partitions.

A piece is a table of its own, `<partition>_new`, filled without indexes; `finish` adds the indexes of the parent, `swap` puts pieces
in the place of what was there. Until the swap is committed, nothing that readers see has changed. Pieces that an interrupted
move left are dropped by the next one, or by `drop_unfinished`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import gcd

from django.db import connection, transaction

from core import partitions

SUFFIX = "_new"


@dataclass(frozen=True, slots=True)
class Piece:
    """One of the `modulus` partitions that a table by machine has, or will have."""

    table: str
    modulus: int
    remainder: int

    @property
    def partition(self) -> str:
        return f"{self.table}_p{self.remainder:02}"

    @property
    def name(self) -> str:
        return f"{self.partition}{SUFFIX}"

    @property
    def condition(self) -> str:
        """The rows of the parent that belong here, as SQL over `machine_id`."""
        return f"satisfies_hash_partition('{self.table}'::regclass, {self.modulus}, {self.remainder}, machine_id)"


def pieces(table: str, modulus: int) -> list[Piece]:
    return [Piece(table, modulus, remainder) for remainder in range(modulus)]


def start(piece: Piece) -> None:
    """An empty piece, without indexes. Fill it in the same transaction: COPY can then leave its rows frozen."""
    _execute(f'DROP TABLE IF EXISTS "{piece.name}"')
    _execute(f'CREATE TABLE "{piece.name}" (LIKE "{piece.table}" INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STORAGE)')
    partitions.set_storage(piece.table, piece.name)


def finish(piece: Piece) -> None:
    """The indexes and the primary key that the parent wants of its partitions.

    Indexes get a name here: two connections that let PostgreSQL choose for partitions whose long names it cuts alike choose the same.
    """
    for number, (constraint, definition) in enumerate(_indexes(piece.table), start=1):
        name = f'"{piece.name}_{number}"'
        if constraint:
            _execute(f'ALTER TABLE "{piece.name}" ADD CONSTRAINT {name} {constraint}')
        else:
            _execute(re.sub(r"INDEX \S+ ON (ONLY )?\S+ USING", f'INDEX {name} ON "{piece.name}" USING', definition))
    _execute(f'ANALYZE "{piece.name}"')


def swap(table: str, new: Sequence[Piece]) -> None:
    """Put these pieces in the place of the partitions of the same name, or of all partitions where their number is another one.

    Within a transaction, and with writers locked out by `lock` since before the pieces were filled.
    """
    old = partitions.names(table)
    if len(old) == new[0].modulus:
        old = [piece.partition for piece in new]
    for partition in old:
        _execute(f'ALTER TABLE "{table}" DETACH PARTITION "{partition}"')
        _execute(f'DROP TABLE "{partition}"')
    for piece in new:
        _execute(f'ALTER TABLE "{piece.name}" RENAME TO "{piece.partition}"')
        _execute(
            f'ALTER TABLE "{table}" ATTACH PARTITION "{piece.partition}" '
            f"FOR VALUES WITH (MODULUS {piece.modulus}, REMAINDER {piece.remainder})"
        )
        for index in _index_names(piece.partition):
            if SUFFIX in index:
                _execute(f'ALTER INDEX "{index}" RENAME TO "{index.replace(SUFFIX, "", 1)}"')


def lock(table: str) -> None:
    """Readers go on, writers wait until the transaction ends."""
    _execute(f'LOCK TABLE "{table}" IN SHARE MODE')


def resize(table: str, count: int, *, say: Callable[[str], None] = lambda _: None) -> bool:
    """Give a table another number of partitions, in one transaction; False where it has that number. Takes its size on disk again."""
    old = partitions.names(table)
    if len(old) == count:
        return False
    with transaction.atomic():
        lock(table)
        new = pieces(table, count)
        for piece in new:
            start(piece)
            for source in _sources(old, piece):
                _copy(source, piece.name, piece.condition)
            finish(piece)
            say(f"{table}: {piece.remainder + 1} of {count}")
        swap(table, new)
    return True


def rebuild(table: str, condition: str, *, say: Callable[[str], None] = lambda _: None) -> None:
    """Keep the rows that the condition (SQL over the row `r`) holds for, partition by partition; within the caller's transaction."""
    lock(table)
    new = pieces(table, partitions.count(table))
    for piece in new:
        start(piece)
        _copy(piece.partition, piece.name, condition)
        finish(piece)
        say(f"{table}: {piece.remainder + 1} of {len(new)}")
    swap(table, new)


def unfinished() -> list[str]:
    """Pieces that an interrupted move left behind."""
    found = [list(_leftovers(table)) for table in partitions.tables_by_machine()]
    return [name for names in found for name in names]


def drop_unfinished() -> None:
    for name in unfinished():
        _execute(f'DROP TABLE IF EXISTS "{name}"')


def keep(piece: Piece) -> None:
    """Begin a piece with all that its partition has."""
    _copy(piece.partition, piece.name, "true")


def _copy(source: str, target: str, condition: str) -> None:
    _execute(f'INSERT INTO "{target}" SELECT r.* FROM "{source}" r WHERE {condition}')  # noqa: S608  names of our own


def _sources(old: Sequence[str], piece: Piece) -> list[str]:
    """The partitions that hold rows of the piece: those with the same remainder by what both numbers have in common."""
    common = gcd(len(old), piece.modulus)
    return [name for remainder, name in enumerate(old) if remainder % common == piece.remainder % common]


def _leftovers(table: str) -> Iterator[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_class WHERE relkind = 'r' AND relname ~ %s ORDER BY 1", [rf"^{table}_p\d+{SUFFIX}$"])
        yield from (row[0] for row in cursor.fetchall())


def _indexes(table: str) -> list[tuple[str | None, str]]:
    """(definition of its constraint or None, definition) of each index of a parent, the primary key first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_get_constraintdef(c.oid), pg_get_indexdef(i.indexrelid) FROM pg_index i "
            "LEFT JOIN pg_constraint c ON c.conindid = i.indexrelid AND c.conrelid = i.indrelid AND c.contype IN ('p', 'u') "
            "WHERE i.indrelid = to_regclass(%s) ORDER BY i.indisprimary DESC, i.indexrelid",
            [table],
        )
        return list(cursor.fetchall())


def _index_names(table: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indrelid = to_regclass(%s)", [table]
        )
        return [row[0] for row in cursor.fetchall()]


def _execute(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)
