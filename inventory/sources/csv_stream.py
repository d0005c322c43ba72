"""Rows of a comma-separated file (RFC 4180) as it is read, under the names of its header."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from typing import BinaryIO

from inventory.errors import UnreadableReport
from inventory.records import Rejected
from inventory.sources import fields
from inventory.sources.frame import Limits

_FIELD = 4_194_304
_PREAMBLE = 20
csv.field_size_limit(max(csv.field_size_limit(), _FIELD))  # the output of one check may be longer than the module's 128 KiB

Header = list[str]


def rows(stream: BinaryIO, limits: Limits, *, is_header: Callable[[Header], bool]) -> Iterator[tuple[str, dict[str, object] | Rejected]]:
    """(place, row) by column name, from the first row that is a header on; empty rows are left out.

    A row with fewer or more columns than the header, and a file that is no CSV from somewhere on, come as Rejected.
    Raises UnreadableReport where no header comes.
    """
    header: Header = []
    reader = csv.reader(_lines(stream, limits))
    place = ""
    try:
        for number, row in enumerate(reader, 1):
            place = f"row {number}"
            if not any(row):
                continue
            if not header:
                header = [name.strip() for name in row] if is_header([name.strip() for name in row]) else []
                if not header and number >= _PREAMBLE:
                    break
            else:
                yield place, _named(header, row, place)
    except (csv.Error, _TooLong) as error:
        yield place, Rejected(place, f"not valid CSV from here on: {error}")
    if not header:
        raise UnreadableReport(f"none of the first {_PREAMBLE} rows is the header of this format")


class _TooLong(Exception):
    pass


def _lines(stream: BinaryIO, limits: Limits) -> Iterator[str]:
    while line := stream.readline(_FIELD):
        if len(line) == _FIELD and not line.endswith(b"\n"):
            raise _TooLong(f"a line is longer than {_FIELD:,} bytes")
        yield line.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace")


def _named(header: Header, row: list[str], place: str) -> dict[str, object] | Rejected:
    while len(row) > len(header) and not row[-1]:
        row.pop()
    if len(row) != len(header):
        return Rejected(place, f"{len(row)} columns instead of {len(header)}", fields.excerpt(",".join(row)))
    named: dict[str, object] = {}
    for name, value in zip(header, row, strict=True):
        named.setdefault(name, value)
    return named
