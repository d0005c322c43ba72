"""What can be done with weaknesses: bring feeds up to date, match versions, override a match."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from celery import current_app
from django.db import Error, transaction
from django.db.models import Q

from core import audit, sql
from core.models import User
from inventory.models import Software, Version
from weaknesses import bulk, feed_queries, matching, synchronisation
from weaknesses.errors import FeedBusy, FeedError, OverrideIncomplete, UnknownFeed
from weaknesses.feeds import FEEDS
from weaknesses.ledger import Ledger, Progress, close_interrupted, only_one
from weaknesses.matching import MatchOutcome
from weaknesses.models import Feed, FeedRun, MatchOverride, Product, SoftwareProduct, VersionWeakness, Weakness

_FOLLOW = "tvm_portal.tasks.follow_matches"  # by name: tasks of the root are above this app

OVERRIDE, REVOKE = "override match", "revoke match override"  # in the audit trail

logger = logging.getLogger(__name__)


def match_versions(
    *, now: dt.datetime, version_ids: Sequence[int] | None = None, relink: bool = False, afresh: bool = False
) -> MatchOutcome:
    """Match versions with the affected ranges of their software's products.

    `version_ids` None: every version that waits (new, or its product's ranges changed), unless a feed is being stored
    right now. `relink` first works out anew which products all software is, after aliases changed, waits for feeds, and
    returns only when what another run is matching meanwhile is matched too; `afresh` does so with every version. Safe to
    run twice, beside another run and beside feeds: each batch is one transaction that locks what it matches and what it
    is matched with.
    """
    touched: list[int] = []
    versions = 0
    if afresh:
        with transaction.atomic():
            matching.keep_out(others=True)
            matching.forget_all()
    for batch, changed in _batches(now=now, version_ids=version_ids, relink=relink or afresh):
        versions += batch
        touched += changed
    return MatchOutcome(versions=versions, touched_version_ids=tuple(sorted(set(touched))))


def _batches(*, now: dt.datetime, version_ids: Sequence[int] | None, relink: bool) -> Iterator[tuple[int, list[int]]]:
    if version_ids is not None:
        matching.link_software(software_ids=_software_of(version_ids))
        for start in range(0, len(version_ids), matching.BATCH):
            ids = version_ids[start : start + matching.BATCH]
            with transaction.atomic():
                matching.keep_out()
                matching.take(ids)
                changed = matching.match(ids, now=now)
            yield len(ids), changed
        return
    if relink:
        matching.link_software()
    else:
        software_ids = [row["software_id"] for row in sql.rows("weaknesses/read_software_of_waiting")]
        if not software_ids or matching.link_software(software_ids=software_ids, wait=False) is None:
            return
    while True:
        with transaction.atomic():
            ids = _next(wait=relink)
            changed = matching.match(ids, now=now) if ids else []
        if not ids:
            return
        yield len(ids), changed


def _next(*, wait: bool) -> list[int]:
    """The next versions to match, locked. `wait`: for feeds, and for what other workers hold."""
    if not matching.keep_out(wait=wait):
        return []
    return matching.waiting() or (matching.held() if wait else [])


def _software_of(version_ids: Sequence[int]) -> list[int]:
    return list(Version.objects.filter(id__in=version_ids).values_list("software_id", flat=True).distinct())


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

    What is left out stands for any. "affected" must name a weakness. The scores of the machines follow by a task, within
    seconds. Raises OverrideIncomplete.
    """
    _check_override(verdict=verdict, named=(software, version, product, weakness), weakness=weakness, reason=reason)
    with transaction.atomic():
        matching.keep_out(others=True)
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
        outcome = _rematch(_concerned(override), now=now)
        after = _facts(override) | {"lost": outcome.lost, "gained": outcome.gained, "versions": len(outcome.touched_version_ids)}
        audit.record(by=by.get_username(), action=OVERRIDE, object=override, now=now, after=after, address=address)
    return override, outcome


def revoke_override(*, override: MatchOverride, by: User, now: dt.datetime, address: str = "") -> MatchOutcome:
    """Take a curator's word back; what the feeds say holds again at once. Revoking twice changes nothing."""
    with transaction.atomic():
        matching.keep_out(others=True)
        override = MatchOverride.objects.select_for_update().get(pk=override.pk)
        if override.revoked_at is not None:
            return MatchOutcome()
        concerned = _concerned(override)
        override.revoked_at = now
        override.save(update_fields=["revoked_at"])
        outcome = _rematch(concerned, now=now)
        after = {"lost": outcome.lost, "gained": outcome.gained, "versions": len(outcome.touched_version_ids)}
        audit.record(by=by.get_username(), action=REVOKE, object=override, now=now, before=_facts(override), after=after, address=address)
        return outcome


def _rematch(version_ids: Sequence[int], *, now: dt.datetime) -> MatchOutcome:
    """Match these versions in the caller's transaction, count how many matches came or went, and let the scores follow."""
    matches = VersionWeakness.objects.filter(version_id__in=version_ids)
    before = matches.count()
    outcome = match_versions(now=now, version_ids=version_ids)
    touched = outcome.touched_version_ids
    change = matches.count() - before
    if touched:
        # A task, because scoring waits for a full run to end. Should it be lost, the next full run finds the same difference.
        transaction.on_commit(lambda: current_app.send_task(_FOLLOW, kwargs={"version_ids": list(touched)}), robust=True)
    return replace(outcome, lost=max(-change, 0), gained=max(change, 0))


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
            for delivery in synchronisation.deliveries(plugin, feed, origin=origin, now=now, stack=stack):
                if not synchronisation.is_known(plugin, delivery, ledger):
                    synchronisation.store(plugin, delivery, ledger, now=now)
        except (FeedError, OSError) as error:
            ledger.problems.append(str(error))
        except Error as error:
            logger.exception("The feed %s could not be stored", kind)
            ledger.problems.append(f"The database refused a batch, which was left out as a whole: {error}")
        except Exception as error:  # a parser met what it was not made for; the ledger must say so
            logger.exception("The feed %s could not be read", kind)
            ledger.problems.append(f"The portal could not read this feed ({type(error).__name__}: {error}); its log says more.")
        if ledger.run.new + ledger.run.changed > bulk.BATCH:
            bulk.refresh_statistics()
        return ledger.finish()


def close_interrupted_feeds(*, now: dt.datetime) -> int:
    """End the runs of feeds that nobody reads any more, as what read them was killed; returns how many."""
    closed = 0
    for feed in Feed.objects.filter(runs__state=FeedRun.State.RUNNING).distinct():
        with suppress(FeedBusy), only_one(feed.kind):
            closed += close_interrupted(feed, now=now)
    return closed


def switch_feed(*, kind: str, enabled: bool, by: User, now: dt.datetime, address: str = "") -> Feed:
    """Let the schedule read a feed, or leave it out. Where it does so by itself, it goes on deciding by itself. Raises UnknownFeed."""
    line = feed_queries.feed_line(kind)
    word = None if line and line.as_needed == enabled else enabled
    return _set_feed(kind, "enabled", word, action="switch feed", by=by, now=now, address=address)


def point_feed(*, kind: str, mirror: str, by: User, now: dt.datetime, address: str = "") -> Feed:
    """Read a feed from a mirror; "" reads it from its publisher again. Raises UnknownFeed."""
    return _set_feed(kind, "address", mirror, action="point feed", by=by, now=now, address=address)


def _set_feed(kind: str, field: str, value: object, *, action: str, by: User, now: dt.datetime, address: str) -> Feed:
    if kind not in FEEDS:
        raise UnknownFeed(f"There is no feed {kind!r}.")
    with transaction.atomic():
        feed, _ = Feed.objects.select_for_update().get_or_create(kind=kind)
        before = getattr(feed, field)
        if before != value:
            setattr(feed, field, value)
            feed.save(update_fields=[field])
            change = {"before": {field: before}, "after": {field: value}}
            audit.record(by=by.get_username(), action=action, object=feed, now=now, address=address, **change)
    return feed


def request_feed(*, kind: str, by: User, now: dt.datetime, address: str = "") -> None:
    """Note who asked for a feed to be read now. Raises UnknownFeed."""
    if kind not in FEEDS:
        raise UnknownFeed(f"There is no feed {kind!r}.")
    audit.record(by=by.get_username(), action="run feed", object=f"feed {kind}", now=now, address=address)


def link_product(
    *, software: Software, product: Product, confidence: int = 100, by: User, now: dt.datetime, address: str = ""
) -> tuple[SoftwareProduct, MatchOutcome]:
    """Declare that a software is this product of vulnerability data (confidence 0: is not); its versions are matched at once."""
    with transaction.atomic():
        matching.keep_out(others=True)
        link, _ = SoftwareProduct.objects.update_or_create(
            software=software, product=product, defaults={"origin": SoftwareProduct.Origin.CURATOR, "confidence": confidence}
        )
        outcome = _rematch(_versions_of(software), now=now)
        after = {"software": software.key, "product": product.key, "confidence": confidence, "gained": outcome.gained, "lost": outcome.lost}
        audit.record(by=by.get_username(), action="link product", object=link, now=now, after=after, address=address)
    return link, outcome


def unlink_product(*, link: SoftwareProduct, by: User, now: dt.datetime, address: str = "") -> MatchOutcome:
    """Take a curator's link back; what the tables and package names say holds again at once."""
    with transaction.atomic():
        matching.keep_out(others=True)
        before = {"software": link.software.key, "product": link.product.key, "confidence": link.confidence}
        audit.record(by=by.get_username(), action="unlink product", object=link, now=now, before=before, address=address)
        software = link.software
        link.delete()
        return _rematch(_versions_of(software), now=now)


def settle_software(*, software: Software, settled: bool, by: User, now: dt.datetime, address: str = "") -> bool:
    """Note that no vulnerability data is about a software, which takes it off the worklist, or put it back. Whether that was new."""
    with transaction.atomic():
        changed = Software.objects.filter(pk=software.pk, settled=not settled).update(settled=settled)
        if changed:
            audit.record(
                by=by.get_username(),
                action="settle software" if settled else "unsettle software",
                object=f"software {software.key}",
                now=now,
                before={"settled": not settled},
                after={"settled": settled},
                address=address,
            )
    return bool(changed)


def _versions_of(software: Software) -> list[int]:
    return list(Version.objects.filter(software=software).order_by("id").values_list("id", flat=True))
