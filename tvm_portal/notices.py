"""Notices: what happened that somebody should know, derived from events, feeds and runs. Nothing is stored but what was read."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.core.cache import cache
from django.urls import reverse

from core import sql
from recommendations import event_words
from recommendations.counters import LastRun
from weaknesses.feeds import FEEDS
from weaknesses.models import Event

HISTORY = dt.timedelta(days=90)
FIRST_LOOK = dt.timedelta(days=7)  # what is unread for those who never looked
MOST = 200
COUNTED = 99
KEEP_SECONDS = 60
STALE_AFTER = dt.timedelta(hours=26)
FEWEST_MACHINES = 10  # "many machines": at least so many, and this share of all
LARGE_SHARE = 0.25
ALWAYS = (Event.Kind.EXPLOITED, Event.Kind.NEW_EXPLOIT, Event.Kind.VERIFIED, Event.Kind.KIT)


@dataclass(frozen=True, slots=True)
class Notice:
    """`tone`: bad, warn or empty. `at`: when it began; what is newer than the user's last look is unread."""

    at: dt.datetime
    title: str
    text: str
    address: str
    icon: str
    tone: str
    unread: bool


def read(
    *,
    groups: Sequence[int],
    run: LastRun,
    now: dt.datetime,
    seen: dt.datetime | None,
    limit: int = MOST,
    since: dt.datetime | None = None,
    restricted: bool = False,
) -> tuple[Notice, ...]:
    """Notices of the last ninety days, or since then, the newest first. Two statements."""
    seen = seen or now - FIRST_LOOK
    since = max(since, now - HISTORY) if since else now - HISTORY
    found = [_of_event(row, seen, restricted=restricted) for row in _events(groups, since=since, limit=limit)]
    found += [_of_feed(row, seen) for row in sql.rows("tvm_portal/read_failed_feeds") if row["kind"] in FEEDS and row["since"] > since]
    if run.finished_at and now - run.finished_at > STALE_AFTER and run.finished_at + STALE_AFTER > since:
        found.append(_of_stale(run.finished_at, seen))
    return tuple(sorted(found, key=lambda notice: notice.at, reverse=True)[:limit])


def unread_count(*, groups: Sequence[int], run: LastRun, now: dt.datetime, seen: dt.datetime | None) -> int:
    """How many are unread, COUNTED + 1 at most. Kept for a minute: pages ask nothing for it."""
    of = hashlib.sha256(repr((list(groups), seen, run)).encode()).hexdigest()[:24]
    kept: int | None = cache.get(f"notices:{of}")
    if kept is None:
        kept = len(read(groups=groups, run=run, now=now, seen=seen, since=seen or now - FIRST_LOOK, limit=COUNTED + 1))
        cache.set(f"notices:{of}", kept, KEEP_SECONDS)
    return kept


def _events(groups: Sequence[int], *, since: dt.datetime, limit: int) -> list[dict[str, Any]]:
    parameters = {
        "groups": list(groups),
        "since": since,
        "limit": limit,
        "kinds": [kind.value for kind in ALWAYS],
        "fewest": FEWEST_MACHINES,
        "share": LARGE_SHARE,
    }
    return sql.rows("tvm_portal/read_notable_events", parameters)


def _of_event(row: dict[str, Any], seen: dt.datetime, *, restricted: bool) -> Notice:
    kind, critical = Event.Kind(row["kind"]), row["critical"]
    sentence = event_words.sentence(kind=kind, component=row["software"] or row["check_name"] or "", weaknesses=row["weaknesses"])
    if critical:
        sentence += f", {critical:,} critical"
    machines = (
        f"{row['machines']:,} of {row['machines_total']:,} machines" if row["machines"] and row["machines_total"] and not restricted else ""
    )
    return Notice(
        at=row["at"],
        title=sentence,
        text=machines,
        address=_address_of(row),
        icon=event_words.ICONS[kind],
        tone="bad" if kind in ALWAYS or critical else "",
        unread=row["at"] > seen,
    )


def _address_of(row: dict[str, Any]) -> str:
    """The timeline on that day, narrowed to the software; a check's own page."""
    if row["check_key"] and not row["software_key"]:
        return reverse("recommendations:detail", args=[f"sca-_-{row['check_key']}"])
    day = f"{row['at'].astimezone(dt.UTC):%Y-%m-%d}"
    return f"{reverse('recommendations:timeline')}?{urlencode({'from': day, 'to': day, 'software': row['software_key']})}"


def _of_feed(row: dict[str, Any], seen: dt.datetime) -> Notice:
    return Notice(
        at=row["since"],
        title=f"The feed {FEEDS[row['kind']].label} cannot be read",
        text=(row["error"].strip().splitlines() or ["No reason was given."])[-1][:200],
        address=reverse("weaknesses:feed", args=[row["kind"]]),
        icon="feed",
        tone="warn",
        unread=row["since"] > seen,
    )


def _of_stale(finished_at: dt.datetime, seen: dt.datetime) -> Notice:
    at = finished_at + STALE_AFTER
    return Notice(
        at=at,
        title="The figures are older than a day",
        text="The nightly computation did not finish. See the log of the worker.",
        address=reverse("recommendations:scoring"),
        icon="warn",
        tone="warn",
        unread=at > seen,
    )
