"""Reading files that others made: unpacked as a stream, with limits, one bad record at a time.

A parser may simply raise for a stream that is broken (it ends early, its packing is damaged): `Reading`
keeps what came before and says so. For a single bad record a parser yields `Refused` and goes on.
"""

from __future__ import annotations

import bz2
import csv
import dataclasses
import datetime as dt
import gzip
import io
import json
import re
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Protocol, cast

import ijson

from weaknesses.errors import FeedError
from weaknesses.records import (
    CycleRecord,
    EpssRecord,
    EvidenceRecord,
    FeedRecord,
    RangeRecord,
    Refused,
    ThreatRecord,
    UpdateRecord,
    WeaknessRecord,
)

MOST_UNPACKED = 8 * 2**30  # bytes of one file; a full NVD is 1.6 GB
DEEPEST = 128  # levels of JSON; no publisher nests deeper than 12
LONGEST_LINE = 32 * 2**20  # bytes; the longest OSV record known has 9 MB
MOST_REFUSALS_KEPT = 1000
BROKEN = (EOFError, OSError, zlib.error, ijson.JSONError, UnicodeDecodeError, csv.Error, tarfile.TarError, zipfile.BadZipFile, FeedError)
BAD_RECORD = (KeyError, TypeError, ValueError, AttributeError, IndexError, RecursionError)
CVE = re.compile(r"CVE-[0-9]{4}-[0-9]{4,15}")
ADVISORY = re.compile(r"(?=.{5,24}$)[A-Z][A-Z0-9]*(?:-[A-Z0-9]+)+")

Usable = WeaknessRecord | EpssRecord | EvidenceRecord | CycleRecord | ThreatRecord | UpdateRecord


class _Unpacked(io.RawIOBase):
    """Bytes of an unpacked stream, up to a limit: a small file can unpack to more than a disk."""

    def __init__(self, stream: gzip.GzipFile | bz2.BZ2File | zipfile.ZipExtFile, most: int) -> None:
        self._stream = stream
        self._left = most

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        chunk = self._stream.read1(len(buffer))  # what there is: read() would wait for more and lose it where the stream is cut
        self._left -= len(chunk)
        if self._left < 0:
            raise FeedError("The file unpacks to more than the portal accepts.")
        buffer[: len(chunk)] = chunk
        return len(chunk)


class _Stream(io.BufferedReader):
    """Reads what there is, up to the size asked for, so that a cut stream gives everything before the cut."""

    def read(self, size: int | None = -1) -> bytes:
        return self.read1(size) if size is not None and size > 0 else super().read(size)


@contextmanager
def unpacked(path: Path, *, most: int = MOST_UNPACKED) -> Iterator[IO[bytes]]:
    """The file's content: gzip and bzip2 unpacked by their first bytes, everything else (archives too) as it is."""
    with path.open("rb") as file:
        head = file.read(3)
        file.seek(0)
        if head[:2] == b"\x1f\x8b" and not path.name.lower().endswith((".tar.gz", ".tgz")):
            with gzip.GzipFile(fileobj=file) as stream:
                yield _Stream(_Unpacked(stream, most), 2**17)
        elif head == b"BZh":
            with bz2.BZ2File(file) as packed:
                yield _Stream(_Unpacked(packed, most), 2**17)
        else:
            yield file


def head(path: Path, size: int = 2**16) -> bytes:
    """The first bytes of the content; b"" where they cannot be read. Of an archive: of its first file."""
    first = b""
    try:
        with unpacked(path) as stream:
            while len(first) < size and (chunk := stream.read(size - len(first))):
                first += chunk
            if first[:4] == b"PK\x03\x04":
                stream.seek(0)
                for _, member in members(stream):
                    return member.read(size)
    except BROKEN:
        pass  # the reader says what is wrong with the file; a look at its head only recognises it
    return first


def members(stream: IO[bytes]) -> Iterator[tuple[str, IO[bytes]]]:
    """The files of a zip archive, in its order. Raises FeedError for one that would unpack to more than the portal accepts."""
    with zipfile.ZipFile(stream) as archive:
        if sum(entry.file_size for entry in archive.infolist()) > MOST_UNPACKED:
            raise FeedError("The archive unpacks to more than the portal accepts.")
        for entry in archive.infolist():
            if not entry.is_dir():
                with archive.open(entry) as member:
                    unlimited = cast("zipfile.ZipExtFile", member)
                    yield entry.filename, io.BufferedReader(_Unpacked(unlimited, MOST_UNPACKED), 2**17)


class Readable(Protocol):
    def read(self, size: int = -1, /) -> bytes: ...


class Lines(Protocol):
    def readline(self, size: int = -1, /) -> bytes: ...


class Again:
    """A stream with its first bytes put back (the stream itself need not be seekable)."""

    def __init__(self, start: bytes, stream: IO[bytes]) -> None:
        self._start = start
        self._stream = stream

    def read(self, size: int = -1) -> bytes:
        if size == 0:
            return b""
        start, self._start = self._start, b""
        return start or self._stream.read(size)


def events(stream: Readable) -> Iterator[tuple[str, str, Any]]:
    """The document's events for ijson's readers. Raises FeedError for one that nests too deep.

    The library keeps a path for every level: without a bound, a few kilobytes of brackets would cost gigabytes.
    """
    return cast("Iterator[tuple[str, str, Any]]", ijson.parse(_bounded(ijson.basic_parse(stream, use_float=True))))


def _bounded(found: Iterator[tuple[str, Any]]) -> Iterator[tuple[str, Any]]:
    depth = 0
    for event in found:
        if event[0] in ("start_map", "start_array"):
            depth += 1
            if depth > DEEPEST:
                raise FeedError(f"The document nests deeper than {DEEPEST} levels.")
        elif event[0] in ("end_map", "end_array"):
            depth -= 1
        yield event


def lines(stream: Lines) -> Iterator[tuple[int, bytes | None]]:
    """Numbered lines; None in place of a line that is too long to be a record."""
    number = 0
    while line := stream.readline(LONGEST_LINE):
        number += 1
        if len(line) < LONGEST_LINE:
            yield number, line
            continue
        while line and not line.endswith(b"\n"):
            line = stream.readline(LONGEST_LINE)
        yield number, None


class Reading:
    """The usable records of a parser. Counts all, keeps what was refused and how the stream ended.

    `broken` is a sentence where the stream could not be read to its end, else "".
    """

    def __init__(self, records: Iterator[FeedRecord], name: str) -> None:
        self._records = records
        self.name = name
        self.read = 0
        self.refused = 0
        self.refusals: list[Refused] = []
        self.broken = ""
        self._drained = 0

    def __iter__(self) -> Iterator[Usable]:
        while True:
            try:
                record = next(self._records)
            except StopIteration:
                return
            except BROKEN as error:
                self.broken = f"{self.name} cannot be read past record {self.read:,}: {str(error) or type(error).__name__}"
                return
            self.read += 1
            if isinstance(record, Refused):
                self.refuse(record)
            elif isinstance(record, WeaknessRecord) and record.ranges:
                yield self._storable(record)
            else:
                yield record

    def _storable(self, record: WeaknessRecord) -> WeaknessRecord:
        """The record without ranges that do not fit their columns."""
        ranges = record.ranges or ()
        kept = tuple(entry for entry in ranges if _fits(entry))
        if len(kept) == len(ranges):
            return record
        self.refuse(refused(record.cve, f"{len(ranges) - len(kept)} ranges have names or bounds that are too long or not text."))
        return dataclasses.replace(record, ranges=kept)

    def refuse(self, refusal: Refused) -> None:
        self.refused += 1
        if len(self.refusals) < MOST_REFUSALS_KEPT:
            self.refusals.append(refusal)

    def drain(self) -> tuple[int, list[Refused], int]:
        """What came since the last call: records read, refusals (the first of them) and how many there were."""
        since = self.read - self._drained, self.refusals, self.refused
        self._drained, self.refusals, self.refused = self.read, [], 0
        return since


def refused(place: str, error: BaseException | str, record: object = "") -> Refused:
    """A refusal with a reason a person can act on and the beginning of the record."""
    reason = error if isinstance(error, str) else _sentence(error)
    return Refused(place=clean(place)[:200], reason=clean(reason)[:300], excerpt=_excerpt(record))


def _fits(entry: RangeRecord) -> bool:
    qualifiers = [part for pair in entry.qualifiers for part in pair]
    texts = (entry.product, entry.start, entry.end, entry.fixed, *entry.platforms, *entry.requires, *qualifiers)
    if not all(clean(text) == text for text in texts):
        return False
    most = {200: (entry.start, entry.end, entry.fixed), 300: (entry.product, *entry.requires), 40: entry.platforms}
    return all(len(text) <= limit for limit, limited in most.items() for text in limited)


def _sentence(error: BaseException) -> str:
    if isinstance(error, KeyError):
        return f"The field {error.args[0]!r} is missing."
    if isinstance(error, ValueError) and not isinstance(error, json.JSONDecodeError):
        return str(error)
    return f"The record is not of the expected form ({type(error).__name__}: {error})."


def _excerpt(record: object) -> str:
    if isinstance(record, bytes):
        return clean(record[:500].decode("utf-8", "replace"))
    if isinstance(record, str):
        return clean(record[:500])
    try:
        return clean(json.dumps(record, default=str)[:500])
    except (ValueError, RecursionError):
        return ""


def clean(value: str) -> str:
    """Text that PostgreSQL can hold: no NUL, no lone surrogates."""
    if "\x00" in value:
        value = value.replace("\x00", "")
    return value if value.isascii() else value.encode("utf-8", "replace").decode("utf-8")


def text(value: object, most: int) -> str:
    """Text of at most `most` characters; "" for None. Raises TypeError for anything but text."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise TypeError(f"{type(value).__name__} where text was expected")
    return clean(value).strip()[:most]


def cve_id(value: object) -> str:
    """A CVE id in its usual spelling. Raises ValueError for anything else."""
    candidate = value.strip().upper() if isinstance(value, str) else ""
    if not CVE.fullmatch(candidate):
        raise ValueError(f"{str(value)[:60]!r} is not a CVE id.")
    return candidate


def advisory_id(value: object) -> str:
    """The id of an advisory that stands for a weakness without a CVE id: GHSA-..., PYSEC-..., MAL-... in upper case. Raises ValueError."""
    candidate = value.strip().upper() if isinstance(value, str) else ""
    if not ADVISORY.fullmatch(candidate):
        raise ValueError(f"{str(value)[:60]!r} is not the id of an advisory.")
    return candidate


def moment(value: object) -> dt.datetime | None:
    """An ISO 8601 moment; without a zone it is UTC. None for None or "". Raises ValueError."""
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise TypeError(f"{type(value).__name__} where a moment was expected")
    parsed = dt.datetime.fromisoformat(value)
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=dt.UTC)


def day(value: object) -> dt.date | None:
    """An ISO 8601 day; None for None, "" or something that is no day (a missing day never costs a record)."""
    if isinstance(value, dt.date):
        return value
    try:
        return dt.date.fromisoformat(str(value)[:10]) if value else None
    except ValueError:
        return None


def links(values: object, *, most: int = 20) -> tuple[str, ...]:
    """The first http(s) addresses of a list, each once, none over 500 characters."""
    found: dict[str, None] = {}
    for value in values if isinstance(values, list) else []:
        if isinstance(value, str) and value.startswith(("https://", "http://")) and len(value) <= 500:
            found[clean(value)] = None
        if len(found) == most:
            break
    return tuple(found)
