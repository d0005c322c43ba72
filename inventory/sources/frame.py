"""What a source is: a format that says what is installed on machines, read by a pure parser."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

from inventory.records import Reports

HEAD_BYTES = 65_536
NAME_LIMIT = 200
VERSION_LIMIT = 200
EVIDENCE_LIMIT = 500


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds that a parser keeps.

    `bytes`: of the whole file, decompressed; `records`: of one machine's report; `field`: characters of one text;
    `line`: bytes of one line of a line-based format, of which the whole is held in memory;
    `depth`: of nested components.
    """

    bytes: int = 104_857_600
    records: int = 200_000
    field: int = 4096
    line: int = 16_777_216
    depth: int = 32


@dataclass(frozen=True, slots=True)
class Source:
    """A format. `detect` sees the first 64 KiB, decompressed, and the file's name; `parse` gets a seekable stream.

    A parser yields a Report for each machine and a Rejected for each record it cannot use, and raises
    UnreadableReport only where nothing of the file can be used. It never reads anything else.
    For posts of one machine (inventory.repeats): `names` finds its identifier, a hint; `volatile` is what the format writes
    anew with each report and `parse` never reads.
    """

    name: str
    label: str
    detect: Callable[[bytes, str], bool]
    parse: Callable[[BinaryIO, Limits], Reports]
    names: re.Pattern[bytes] | None = None
    volatile: re.Pattern[bytes] | None = None


def head_of(stream: BinaryIO) -> bytes:
    """The first bytes of a stream, as `detect` sees them; the stream stands at its beginning again."""
    head = stream.read(HEAD_BYTES)
    stream.seek(0)
    return head


def start_of(head: bytes) -> bytes:
    """A head from its first sign on, without the byte order mark and blanks that may stand before a document."""
    return head.lstrip(b"\xef\xbb\xbf \t\r\n")
