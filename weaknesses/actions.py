"""What can be done with weaknesses: bring feeds up to date, match versions, override a match."""

from __future__ import annotations

import datetime as dt
import logging
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import Error, transaction
from django.db.models import Q

from core import audit, sql
from core.models import User
from inventory.models import Software, Version
from weaknesses import bulk, matching
from weaknesses.errors import FeedError, OverrideIncomplete, UnknownFeed
from weaknesses.feeds import FEEDS, folder, reading
from weaknesses.feeds.base import Delivery, FeedKind, Store, score_day
from weaknesses.feeds.fetch import Fetcher, one_per_address
from weaknesses.feeds.reading import Reading
from weaknesses.ledger import Ledger, Progress, close_interrupted, only_one
from weaknesses.matching import MatchOutcome
from weaknesses.models import Feed, FeedRun, MatchOverride, Product, Weakness

logger = logging.getLogger(__name__)


def match_versions(*, now: dt.datetime, version_ids: Sequence[int] | None = None, relink: bool = False) -> MatchOutcome:
    """Match versions with the affected ranges of their software's products.

    `version_ids` None: every version that waits (new, or its product's ranges changed). `relink` first works out
    anew which products all software is, after aliases changed. Safe to run twice and beside another run: each
    batch is one transaction that locks what it matches.
    """
    touched: list[int] = []
    versions = 0
    for batch, changed in _batches(now=now, version_ids=version_ids, relink=relink):
        versions += batch
        touched += changed
    return MatchOutcome(versions=versions, touched_version_ids=tuple(sorted(set(touched))))


def _batches(*, now: dt.datetime, version_ids: Sequence[int] | None, relink: bool) -> Iterator[tuple[int, list[int]]]:
    if relink:
        matching.link_software()
    elif software_ids := _software_to_link(version_ids):
        matching.link_software(software_ids=software_ids)
    if version_ids is not None:
        for start in range(0, len(version_ids), matching.BATCH):
            ids = version_ids[start : start + matching.BATCH]
            with transaction.atomic():
                changed = matching.match(ids, now=now)
            yield len(ids), changed
        return
    while True:
        with transaction.atomic():
            ids = matching.waiting()
            changed = matching.match(ids, now=now) if ids else []
        if not ids:
            return
        yield len(ids), changed


def _software_to_link(version_ids: Sequence[int] | None) -> list[int]:
    if version_ids is not None:
        return list(Version.objects.filter(id__in=version_ids).values_list("software_id", flat=True).distinct())
    return [row["software_id"] for row in sql.rows("weaknesses/read_software_of_waiting")]


def add_override(
    *,
    by: User,
    now: dt.datetime,
    reason: str,
    verdict: str = MatchOverride.Verdict.NOT_AFFECTED,
    software: Software | None = None,
    version: Version | None = None,
    product: Product | None = None,
    weakness: Weakness | None = None,
    range_fingerprint: str = "",
    address: str = "",
) -> tuple[MatchOverride, MatchOutcome]:
    """Put a curator's word above every feed, and repair the matches it concerns at once.

    What is left out stands for any. "affected" must name a weakness. Raises OverrideIncomplete.
    """
    _check_override(verdict=verdict, named=(software, version, product, weakness), weakness=weakness, reason=reason)
    with transaction.atomic():
        override = MatchOverride.objects.create(
            verdict=verdict,
            software=software,
            version=version,
            product=product,
            weakness=weakness,
            range_fingerprint=range_fingerprint,
            reason=reason.strip(),
            by=by,
        )
        audit.record(by=by.get_username(), action="override match", object=override, now=now, after=_facts(override), address=address)
        outcome = match_versions(now=now, version_ids=_concerned(override))
    return override, outcome


def revoke_override(*, override: MatchOverride, by: User, now: dt.datetime, address: str = "") -> MatchOutcome:
    """Take a curator's word back; what the feeds say holds again at once. Revoking twice changes nothing."""
    with transaction.atomic():
        override = MatchOverride.objects.select_for_update().get(pk=override.pk)
        if override.revoked_at is not None:
            return MatchOutcome()
        concerned = _concerned(override)
        override.revoked_at = now
        override.save(update_fields=["revoked_at"])
        audit.record(
            by=by.get_username(), action="revoke match override", object=override, now=now, before=_facts(override), address=address
        )
        return match_versions(now=now, version_ids=concerned)


def _check_override(*, verdict: str, named: Sequence[object | None], weakness: Weakness | None, reason: str) -> None:
    if not reason.strip():
        raise OverrideIncomplete("Say why, so that the next curator understands it.")
    if all(part is None for part in named):
        raise OverrideIncomplete("Name a software, a version, a product or a weakness.")
    if verdict == MatchOverride.Verdict.AFFECTED and (weakness is None or all(part is None for part in named[:3])):
        raise OverrideIncomplete("To declare something affected, name the weakness and the software, version or product.")


def _concerned(override: MatchOverride) -> list[int]:
    """The versions whose matches the override may change."""
    versions = Version.objects.all()
    if override.version_id is not None:
        versions = versions.filter(id=override.version_id)
    if override.software_id is not None:
        versions = versions.filter(software_id=override.software_id)
    if override.product_id is not None:
        versions = versions.filter(software__products__product_id=override.product_id)
    if override.version_id is None and override.software_id is None and override.product_id is None:
        of_products = Q(software__products__product__ranges__weakness_id=override.weakness_id)
        versions = versions.filter(of_products | Q(matches__weakness_id=override.weakness_id))
    return list(versions.order_by("id").values_list("id", flat=True).distinct())


def _facts(override: MatchOverride) -> dict[str, Any]:
    return {
        "verdict": override.verdict,
        "software": override.software_id,
        "version": override.version_id,
        "product": override.product_id,
        "weakness": override.weakness_id,
        "range_fingerprint": override.range_fingerprint,
        "reason": override.reason,
    }


def sync_feed(*, kind: str, now: dt.datetime, origin: Path | str | None = None, progress: Progress | None = None) -> FeedRun:
    """Bring one feed up to date from its publisher, or from the files of the folder `origin`; returns the ledger entry.

    Files that are already known are not read again. What was stored before a failure stays, and the next run goes on
    from there. Raises UnknownFeed, and FeedBusy while somebody else synchronises it; everything else is in the ledger.
    """
    if kind not in FEEDS:
        raise UnknownFeed(f"There is no feed {kind!r}. Known: {', '.join(FEEDS)}.")
    plugin = FEEDS[kind]
    with only_one(kind), ExitStack() as stack:
        feed, _ = Feed.objects.get_or_create(kind=kind)
        close_interrupted(feed, now=now)
        ledger = Ledger(feed, origin=str(origin or feed.address or plugin.home), now=now, progress=progress)
        try:
            for delivery in _deliveries(plugin, feed, origin=origin, now=now, stack=stack):
                if not _is_known(plugin, feed, delivery):
                    _store(plugin, delivery, ledger, now=now)
        except (FeedError, OSError) as error:
            ledger.problems.append(str(error))
        except Error as error:
            logger.exception("The feed %s could not be stored", kind)
            ledger.problems.append(f"The database refused a batch, which was left out as a whole: {error}")
        except Exception as error:  # a parser met what it was not made for; the ledger must say so
            logger.exception("The feed %s could not be read", kind)
            ledger.problems.append(f"The portal could not read this feed ({type(error).__name__}: {error}); its log says more.")
        return ledger.finish()


def _deliveries(plugin: FeedKind, feed: Feed, *, origin: Path | str | None, now: dt.datetime, stack: ExitStack) -> Iterator[Delivery]:
    if origin is not None:
        return folder.deliveries(Path(origin), plugin)
    if not plugin.addresses and not plugin.fetch:
        raise FeedError("This feed has no address of its own; it is read from a folder.")
    place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tvm-feed-")))
    pause = settings.FEED_PAUSE_SECONDS / (10 if settings.NVD_API_KEY else 1)
    fetcher = Fetcher(folder=place, memory=feed.resources, mirror=feed.address, now=now, pause=pause, key=settings.NVD_API_KEY)
    return (plugin.fetch or one_per_address)(stack.enter_context(fetcher), plugin)


def _is_known(plugin: FeedKind, feed: Feed, delivery: Delivery) -> bool:
    """Whether a file has the content of one that is stored, or is a listing older than the one that is stored."""
    stored = [entry for entry in feed.resources.values() if entry.get("done") and entry.get("revision") == plugin.revision]
    if any(entry["digest"] == delivery.digest for entry in stored):
        return True
    return plugin.complete and any(delivery.stated and delivery.stated < str(entry.get("stated", "")) for entry in stored)


def _store(plugin: FeedKind, delivery: Delivery, ledger: Ledger, *, now: dt.datetime) -> None:
    """Read one file to its end and store what can be used; a file that breaks off is stored up to there and reported."""
    with reading.unpacked(delivery.path) as stream:
        records = Reading(plugin.parse(stream, delivery.path.name), delivery.name)
        if plugin.store is Store.WEAKNESSES:
            usable = _store_weaknesses(plugin, delivery, records, ledger)
        else:
            usable = _store_listing(plugin, delivery, records, ledger, now=now)
    if records.broken:
        ledger.problems.append(records.broken)
    elif delivery.digest and not usable:
        ledger.problems.append(f"{delivery.name} holds no record that can be used.")
    elif delivery.digest:
        state = {"digest": delivery.digest, "stated": delivery.stated, "revision": plugin.revision, "done": True}
        ledger.remember(delivery.name, {**delivery.memory, **state})
    else:
        ledger.remember(delivery.name, delivery.memory)


def _store_weaknesses(plugin: FeedKind, delivery: Delivery, records: Reading, ledger: Ledger) -> int:
    """Batch by batch; each is one transaction together with the place reached, where the next run goes on."""
    known = ledger.feed.resources.get(delivery.name, {})
    reached = int(known.get("reached", 0)) if delivery.digest and known.get("digest") == delivery.digest else 0
    usable = iter(records)
    for _ in islice(usable, reached):
        pass
    records.drain()
    for batch in bulk.batches(usable):
        reached += len(batch)
        with transaction.atomic():
            ledger.add(bulk.store_weaknesses(batch, plugin.kind), records)
            if delivery.digest:
                ledger.remember(delivery.name, {"digest": delivery.digest, "reached": reached})
    ledger.add(bulk.Counts(), records)
    return reached


def _store_listing(plugin: FeedKind, delivery: Delivery, records: Reading, ledger: Ledger, *, now: dt.datetime) -> int:
    """A list of at most some hundred thousand rows, in one transaction. Broken off, it says nothing about what it lacks."""
    usable: list[Any] = list(records)
    complete = plugin.complete and not records.broken and bool(usable)
    with transaction.atomic():
        if plugin.store is Store.SCORES:
            counts = bulk.store_epss(usable, day=score_day(delivery.stated, otherwise=now.date()), complete=complete)
        elif plugin.store is Store.EVIDENCE:
            counts = bulk.store_evidence(usable, plugin.kind, now=now, complete=complete, replaces=plugin.replaces)
        else:
            counts = bulk.store_cycles(usable, plugin.kind, complete=complete)
        ledger.add(counts, records)
    return len(usable)
