"""Several records about one weakness, brought together: advisories name many CVEs, and a CVE has many advisories.

What a source says of a weakness replaces what it said before, so it must be said at once. A publisher's whole
list may be larger than memory: fragments lie in a temporary file, and only their places are kept.
"""

from __future__ import annotations

import datetime as dt
import json
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import lru_cache
from types import TracebackType
from typing import IO, Any, Self, cast

from weaknesses.records import RangeRecord, WeaknessRecord

MOST_LINKS = 20
_RECENT = 64  # fragments kept unpacked: the CVEs of one advisory follow each other


class Gathering:
    """Fragments of weaknesses by id and part. Use as a context manager."""

    def __init__(self) -> None:
        # Closed by the context manager that this class is.
        self._file: IO[bytes] = cast("IO[bytes]", tempfile.TemporaryFile(prefix="tvm-gathering-"))  # noqa: SIM115
        self._places: dict[tuple[str, str], list[int]] = {}
        self._names: dict[str, tuple[str, ...]] = {}
        self._end = 0
        self._fragment = lru_cache(maxsize=_RECENT)(self._read)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._file.close()

    def add(self, ids: Iterable[str], fragment: WeaknessRecord) -> None:
        """What a record says about each of these weaknesses; the fragment's own id does not count."""
        line = json.dumps(_packed(fragment), separators=(",", ":")).encode() + b"\n"
        self._file.write(line)
        for each in ids:
            self._places.setdefault((each, fragment.part), []).append(self._end)
        self._end += len(line)

    def rename(self, names: Iterable[str], ids: tuple[str, ...]) -> None:
        """What is said under one of these names is meant for the ids. The names are no weaknesses of their own (any more)."""
        for name in names:
            self._names[name] = ids

    def records(self) -> Iterator[WeaknessRecord]:
        """Every weakness once per part, in the order in which they were first named; then the names that were given up."""
        for name, part in [key for key in self._places if key[0] in self._names]:
            moved = self._places.pop((name, part))
            for each in self._names[name]:
                self._places.setdefault((each, part), []).extend(moved)
        for (cve, _), places in self._places.items():
            yield together(cve, [self._fragment(place) for place in places])
        for name, ids in self._names.items():
            yield WeaknessRecord(cve=name, rejected=True, ranges=(), given_up_for=ids[0])

    def _read(self, place: int) -> WeaknessRecord:
        self._file.seek(place)
        return _unpacked(json.loads(self._file.readline()))


def together(cve: str, fragments: list[WeaknessRecord]) -> WeaknessRecord:
    """One record of all: the first text, score and severity that is stated, all links and ranges, the last change."""
    if len(fragments) == 1:
        return replace(fragments[0], cve=cve)
    scored = next((part for part in fragments if part.cvss is not None), None) or next(
        (part for part in fragments if part.severity is not None), fragments[0]
    )
    ranges = dict.fromkeys(entry for part in fragments for entry in part.ranges or ())
    return replace(
        fragments[0],
        cve=cve,
        title=next((part.title for part in fragments if part.title), ""),
        description=next((part.description for part in fragments if part.description), ""),
        cvss=scored.cvss,
        cvss_vector=scored.cvss_vector,
        severity=scored.severity,
        cwes=tuple(dict.fromkeys(cwe for part in fragments for cwe in part.cwes)),
        references=tuple(dict.fromkeys(link for part in fragments for link in part.references))[:MOST_LINKS],
        rejected=all(part.rejected for part in fragments),
        published_at=min((part.published_at for part in fragments if part.published_at), default=None),
        modified_at=max((part.modified_at for part in fragments if part.modified_at), default=None),
        ranges=tuple(ranges),
    )


def _packed(record: WeaknessRecord) -> list[Any]:
    return [
        *(record.title, record.description, record.cvss, record.cvss_vector, record.severity, record.cwes, record.references),
        *(record.rejected, _written(record.published_at), _written(record.modified_at), record.part),
        [
            [r.product, r.start, r.start_included, r.end, r.end_included, r.fixed, r.platforms, r.qualifiers, r.requires]
            for r in record.ranges or ()
        ],
    ]


def _unpacked(parts: list[Any]) -> WeaknessRecord:
    title, description, cvss, vector, severity, cwes, links, rejected, published, modified, part, ranges = parts
    return WeaknessRecord(
        cve="",
        title=title,
        description=description,
        cvss=cvss,
        cvss_vector=vector,
        severity=severity,
        cwes=tuple(cwes),
        references=tuple(links),
        rejected=rejected,
        published_at=_moment(published),
        modified_at=_moment(modified),
        part=part,
        ranges=tuple(
            RangeRecord(
                product, start, start_in, end, end_in, fixed, tuple(on), tuple((field, value) for field, value in only), tuple(beside)
            )
            for product, start, start_in, end, end_in, fixed, on, only, beside in ranges
        ),
    )


def _written(moment: dt.datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _moment(text: str | None) -> dt.datetime | None:
    return dt.datetime.fromisoformat(text) if text else None
