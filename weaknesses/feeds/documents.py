"""JSON documents, one record each: lines, the files of a zip, a single document, or a list of them."""

from __future__ import annotations

import json
import zipfile
import zlib
from collections.abc import Iterator
from typing import IO, Any

import ijson

from weaknesses.errors import FeedError
from weaknesses.feeds import reading
from weaknesses.feeds.reading import BAD_RECORD, Again, events, members, refused
from weaknesses.records import Refused


def records(stream: IO[bytes], name: str) -> Iterator[tuple[str, dict[str, Any] | Refused]]:
    """Where each record stands, and the record; one that cannot be read is refused and the others follow."""
    if name.lower().endswith(".zip"):
        yield from _zipped(stream)
        return
    first = stream.readline(reading.LONGEST_LINE)
    while first.isspace():
        first = stream.readline(reading.LONGEST_LINE)
    if first.lstrip().startswith(b"["):
        for position, item in enumerate(ijson.items(events(Again(first, stream)), "item"), start=1):
            yield f"record {position}", item if isinstance(item, dict) else refused(f"record {position}", "It is no object.", item)
    elif first.strip() == b"{":
        yield _loaded(name, first + stream.read(), whole=True)
    else:
        for number, line in reading.lines(_Chained(first, stream)):
            if line is None:
                yield f"line {number}", refused(f"line {number}", "The record is too long.")
            elif line.strip():
                yield _loaded(f"line {number}", line)


def _zipped(stream: IO[bytes]) -> Iterator[tuple[str, dict[str, Any] | Refused]]:
    """A member whose packing is damaged costs itself only: the archive's directory says where the next one begins."""
    for member, content in members(stream):
        if not member.lower().endswith(".json"):
            continue  # a repository's own pages
        try:
            read = content.read(reading.LONGEST_LINE)
        except (zipfile.BadZipFile, zlib.error, EOFError, FeedError) as error:
            yield member, refused(member, f"It cannot be unpacked: {error}")
            continue
        yield _loaded(member, read) if len(read) < reading.LONGEST_LINE else (member, refused(member, "The record is too long."))


def _loaded(place: str, content: bytes, *, whole: bool = False) -> tuple[str, dict[str, Any] | Refused]:
    if whole and len(content) >= reading.LONGEST_LINE:
        return place, refused(place, "The record is too long.")
    try:
        record = json.loads(content)
    except BAD_RECORD as error:
        return place, refused(place, error, content)
    return place, record if isinstance(record, dict) else refused(place, "It is no object.", content)


class _Chained:
    """A stream whose first line was read already and is given again."""

    def __init__(self, first: bytes, stream: IO[bytes]) -> None:
        self._first = first
        self._stream = stream

    def readline(self, size: int = -1, /) -> bytes:
        first, self._first = self._first, b""
        return first or self._stream.readline(size)
