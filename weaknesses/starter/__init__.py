"""The intelligence shipped with the portal: facts about well-known weaknesses, so that a first start needs no network.

README.md in this folder describes the files. Everything is stored under the source "starter", whose word on a
weakness counts only until a feed has its own.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from django.db import transaction

from weaknesses import bulk
from weaknesses.records import CycleRecord, Refused
from weaknesses.starter.grammar import Entry, parse_cycles, parse_weaknesses

SOURCE = "starter"
AS_OF = dt.date(2026, 3, 15)  # the day of the EPSS scores and of the list of exploited weaknesses

FOLDER = Path(__file__).resolve().parent


@dataclass(frozen=True, slots=True)
class Loaded:
    """What became of the records, by kind, and the lines that could not be used."""

    weaknesses: bulk.Counts
    scores: bulk.Counts
    evidence: bulk.Counts
    cycles: bulk.Counts
    refused: tuple[Refused, ...]


def load(*, now: dt.datetime, known_on: dt.date | None = None) -> Loaded:
    """Store the shipped intelligence and apply it. All or nothing; a second call changes nothing.

    `known_on`: only what had been published by that day, for a replay of days that have passed.
    """
    read = _read()
    known = [_as_known(entry, known_on) for entry in read if isinstance(entry, Entry) and _is_known(entry, known_on)]
    lines = list(cycles())
    with transaction.atomic():
        loaded = Loaded(
            weaknesses=bulk.store_weaknesses((entry.weakness for entry in known), SOURCE),
            scores=bulk.store_epss((entry.epss for entry in known if entry.epss), day=AS_OF),
            evidence=bulk.store_evidence((evidence for entry in known for evidence in entry.evidence), SOURCE, now=now),
            cycles=bulk.store_cycles((line for line in lines if isinstance(line, CycleRecord)), SOURCE),
            refused=tuple(item for item in (*read, *lines) if isinstance(item, Refused)),
        )
        bulk.apply_intelligence(now)
    return loaded


def days_with_news() -> frozenset[dt.date]:
    """Days on which something of the shipped intelligence was published, or listed as exploited."""
    found = [entry for entry in _read() if isinstance(entry, Entry)]
    published = {entry.weakness.published_at.date() for entry in found if entry.weakness.published_at}
    return frozenset(published | {item.day for entry in found for item in entry.evidence if item.day})


@cache
def _read() -> tuple[Entry | Refused, ...]:
    return tuple(entries())


def _is_known(entry: Entry, day: dt.date | None) -> bool:
    published = entry.weakness.published_at
    return day is None or (published is not None and published.date() <= day)


def _as_known(entry: Entry, day: dt.date | None) -> Entry:
    if day is None:
        return entry
    return replace(entry, evidence=tuple(item for item in entry.evidence if item.day is None or item.day <= day))


def entries() -> Iterator[Entry | Refused]:
    """Every weakness line of the shipped files, in the order of their names."""
    for path in sorted((FOLDER / "weaknesses").glob("*.tsv")):
        with path.open(encoding="utf-8") as lines:
            yield from parse_weaknesses(name=path.name, lines=lines)


def cycles() -> Iterator[CycleRecord | Refused]:
    """The release lines of the shipped file, with the days their support ends."""
    with (FOLDER / "cycles.tsv").open(encoding="utf-8") as lines:
        yield from parse_cycles(name="cycles.tsv", lines=lines)
