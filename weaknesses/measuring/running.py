"""Runs truth sets one after the other against the feeds of a folder, in a database that nobody else uses.

Sets that bring advisories of their own run first, on an empty database; then the feeds are read once, and every other
set runs on top of them. What a set stores is undone before the next one starts.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from django.db import Error, transaction

from inventory import actions as inventory_actions
from weaknesses import actions, bulk
from weaknesses.feeds import FEEDS, folder, reading
from weaknesses.measuring.frame import Case, Outcome, TruthSet, UnusableTruth
from weaknesses.measuring.registry import SETS
from weaknesses.models import AffectedRange

Say = Callable[[str], None]
_BROKEN = (UnusableTruth, Error, *reading.BROKEN, *reading.BAD_RECORD)


@dataclass(frozen=True, slots=True)
class Found:
    truth: TruthSet
    case: Case


def cases(data: Path, *, say: Say) -> list[Found]:
    """The cases below the folder of every kind, by name. A kind that cannot read a file is named, and the others go on."""
    files = sorted(path for path in data.rglob("*") if path.is_file())
    found = []
    for truth in SETS.values():
        try:
            found += [Found(truth, case) for case in truth.find(files)]
        except _BROKEN as error:
            say(f"{truth.kind}: left out, {_reason(error)}")
    return sorted(found, key=lambda item: item.case.name)


def measure(data: Path, chosen: Sequence[Found], *, now: dt.datetime, say: Say) -> Iterator[Outcome]:
    """Measure the cases, in an empty database; those that need no feeds come first. A broken case is named and left out."""
    inventory_actions.load_aliases(now=now)
    yield from _run([item for item in chosen if item.truth.feeds == ()], now=now, say=say)
    others = [item for item in chosen if item.truth.feeds != ()]
    if others:
        load_feeds(data, _needed(others), now=now, say=say)
        yield from _run(others, now=now, say=say)


def load_feeds(data: Path, kinds: Collection[str] | None, *, now: dt.datetime, say: Say) -> None:
    """Read every feed of the folder that states affected versions; `kinds` None: all of them."""
    for kind, feed in FEEDS.items():
        if not feed.store.states_ranges or (kinds is not None and kind not in kinds) or not folder.files(data, feed):
            continue
        run = actions.sync_feed(kind=kind, origin=data, now=now)
        say(f"{kind}: {run.read:,} records read, {run.rejected:,} refused" + "".join(f"; {line}" for line in run.error.splitlines()))
    bulk.refresh_statistics()


def _needed(chosen: Sequence[Found]) -> set[str] | None:
    feeds = [item.truth.feeds for item in chosen]
    return None if None in feeds else {kind for kinds in feeds for kind in kinds or ()}


def _run(chosen: Sequence[Found], *, now: dt.datetime, say: Say) -> Iterator[Outcome]:
    for item in chosen:
        say(f"{item.case.name}: {item.case.about or item.truth.about}")
        try:
            yield from measured(item, now=now)
        except _BROKEN as error:
            say(f"{item.case.name}: left out, {_reason(error)}")


def measured(item: Found, *, now: dt.datetime) -> list[Outcome]:
    """One case, with what it stored undone. Raises UnusableTruth and what its files' readers raise."""
    with transaction.atomic():
        try:
            _restrict(item.truth)
            return list(item.truth.measure(item.case, now))
        finally:
            transaction.set_rollback(True)


def _restrict(truth: TruthSet) -> None:
    """Take out the ranges of the feeds that the truth knows nothing of."""
    if truth.feeds is not None:
        stored = AffectedRange.objects.values_list("source", flat=True).distinct()
        others = [source for source in stored if source.partition("/")[0] not in truth.feeds]  # a feed's parts are its own
        AffectedRange.objects.filter(source__in=others).delete()


def _reason(error: BaseException) -> str:
    return str(error) if isinstance(error, UnusableTruth) else f"{type(error).__name__}: {error}"
