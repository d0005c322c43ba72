"""The steps of reading a feed: where its files come from, which are known already, and storing one."""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction

from weaknesses import bulk
from weaknesses.errors import FeedError
from weaknesses.feeds import folder, reading
from weaknesses.feeds.base import Delivery, FeedKind, Store, score_day
from weaknesses.feeds.fetch import Fetcher, one_per_address
from weaknesses.feeds.reading import Reading
from weaknesses.ledger import Ledger
from weaknesses.models import Feed
from weaknesses.records import UpdateRecord, WeaknessRecord


def deliveries(plugin: FeedKind, feed: Feed, *, origin: Path | str | None, now: dt.datetime, stack: ExitStack) -> Iterator[Delivery]:
    if origin is not None:
        return folder.deliveries(Path(origin), plugin)
    if not plugin.addresses and not plugin.fetch:
        raise FeedError("This feed has no address of its own; it is read from a folder.")
    place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tvm-feed-")))
    pause = settings.FEED_PAUSE_SECONDS / (10 if settings.NVD_API_KEY else 1)
    fetcher = Fetcher(folder=place, memory=feed.resources, mirror=feed.address, now=now, pause=pause, key=settings.NVD_API_KEY)
    return (plugin.fetch or one_per_address)(stack.enter_context(fetcher), plugin)


def is_known(plugin: FeedKind, delivery: Delivery, ledger: Ledger) -> bool:
    """Whether a file has the content of one that is stored, or is a listing older than the one that is stored."""
    stored = [entry for entry in ledger.feed.resources.values() if entry.get("done") and entry.get("revision") == plugin.revision]
    if any(entry["digest"] == delivery.digest for entry in stored):
        if delivery.memory:  # downloaded under another name, or again: its validators save the next download
            _remember(plugin, delivery, ledger)
        return True
    return plugin.complete and any(delivery.stated and delivery.stated < str(entry.get("stated", "")) for entry in stored)


def store(plugin: FeedKind, delivery: Delivery, ledger: Ledger, *, now: dt.datetime) -> None:
    """Read one file to its end and store what can be used; a file that breaks off is stored up to there and reported."""
    with reading.unpacked(delivery.path) as stream:
        records = Reading(plugin.parse(stream, delivery.path.name), delivery.name)
        if plugin.store.states_ranges:
            usable = _store_weaknesses(plugin, delivery, records, ledger)
        else:
            usable = _store_listing(plugin, delivery, records, ledger, now=now)
    if records.broken:
        ledger.problems.append(records.broken)
    elif delivery.digest and not usable and not plugin.may_be_empty:
        ledger.problems.append(f"{delivery.name} holds no record that can be used.")
    else:
        _remember(plugin, delivery, ledger)


def _remember(plugin: FeedKind, delivery: Delivery, ledger: Ledger) -> None:
    state = {"digest": delivery.digest, "stated": delivery.stated, "revision": plugin.revision, "done": True}
    if plugin.complete:  # one listing follows the other; a folder's dated file names would pile up
        ledger.forget(name for name, entry in ledger.feed.resources.items() if "address" not in entry)
    ledger.remember(delivery.name, {**delivery.memory, **(state if delivery.digest else {})})


def _store_weaknesses(plugin: FeedKind, delivery: Delivery, records: Reading, ledger: Ledger) -> int:
    """Batch by batch; each is one transaction together with the place reached, where the next run goes on."""
    known = ledger.feed.resources.get(delivery.name, {})
    reached = int(known.get("reached", 0)) if delivery.digest and known.get("digest") == delivery.digest else 0
    updates: list[UpdateRecord] = []  # of a month, a few hundred
    usable = _sorted_out(records, updates)
    for _ in islice(usable, reached):
        pass
    records.drain()
    for batch in bulk.batches(usable):
        reached += len(batch)
        with transaction.atomic():
            ledger.add(bulk.store_weaknesses(batch, plugin.kind), records)
            if delivery.digest:
                ledger.remember(delivery.name, {"digest": delivery.digest, "reached": reached})
    ledger.add(bulk.store_updates(updates, plugin.kind), records)
    return reached


def _sorted_out(records: Reading, updates: list[UpdateRecord]) -> Iterator[WeaknessRecord]:
    for record in records:
        if isinstance(record, WeaknessRecord):
            yield record
        elif isinstance(record, UpdateRecord):
            updates.append(record)


def _store_listing(plugin: FeedKind, delivery: Delivery, records: Reading, ledger: Ledger, *, now: dt.datetime) -> int:
    """A list of at most some hundred thousand rows, in one transaction. Broken off, it says nothing about what it lacks."""
    usable: list[Any] = list(records)
    complete = plugin.complete and not records.broken and bool(usable)
    with transaction.atomic():
        if plugin.store is Store.SCORES:
            counts = bulk.store_epss(usable, day=score_day(delivery.stated, otherwise=now.date()), complete=complete)
        elif plugin.store is Store.EVIDENCE:
            counts = bulk.store_evidence(usable, plugin.kind, now=now, complete=complete, replaces=plugin.replaces)
        elif plugin.store is Store.THREATS:
            counts = bulk.store_threats(usable, plugin.kind, complete=complete)
        else:
            counts = bulk.store_cycles(usable, plugin.kind, complete=complete)
        ledger.add(counts, records)
    return len(usable)
