"""Notices: what happened that somebody should know, derived from events, requests, exceptions, reports, feeds and runs.

Nothing is stored but what was read, and the kinds that a user does not want.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.core.cache import cache
from django.urls import reverse

from core import sql
from recommendations import event_words
from recommendations.counters import LastRun
from tvm_portal.models import BellChoice
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
# What happens to requests, exceptions and reports: label, icon, tone.
ACTS = {
    "completed": ("Remediation is complete", "fix", "good"),
    "overdue": ("Remediation is overdue", "fix", "warn"),
    "ticket_failed": ("Ticket failed", "ticket", "bad"),
    "exception_ending": ("Exception is about to end", "pause", "warn"),
    "exception_resurfaced": ("Exception resurfaced", "pause", "bad"),
    "answered": ("Your report was answered", "flag", ""),
}
# The kinds that a user may leave out.
CHOICES = (
    *((kind.value, kind.label) for kind in Event.Kind if kind != Event.Kind.FIXED),
    *((kind, label) for kind, (label, _, _) in ACTS.items()),
    ("feed_failing", "A feed cannot be read"),
    ("data_stale", "The figures are older than a day"),
)
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
    user: int | None = None,
    hidden: Collection[str] = (),
    restricted: bool = False,
) -> tuple[Notice, ...]:
    """Notices of the last ninety days, or since then, the newest first. Three statements. `hidden`: kinds that are left out."""
    seen = seen or now - FIRST_LOOK
    since = max(since, now - HISTORY) if since else now - HISTORY
    found = [_of_event(row, seen, restricted=restricted) for row in _events(groups, since=since, limit=limit, hidden=hidden)]
    parameters = {
        "groups": list(groups),
        "since": since,
        "now": now,
        "today": now.date(),
        "user": user,
        "hidden": list(hidden),
        "limit": limit,
    }
    found += [_of_act(row, seen, restricted=restricted) for row in sql.rows("tvm_portal/read_notable_acts", parameters)]
    if "feed_failing" not in hidden:
        found += [_of_feed(row, seen) for row in sql.rows("tvm_portal/read_failed_feeds") if row["kind"] in FEEDS and row["since"] > since]
    if "data_stale" not in hidden and run.finished_at and now - run.finished_at > STALE_AFTER and run.finished_at + STALE_AFTER > since:
        found.append(_of_stale(run.finished_at, seen))
    return tuple(sorted(found, key=lambda notice: notice.at, reverse=True)[:limit])


def unread_count(*, groups: Sequence[int], run: LastRun, now: dt.datetime, seen: dt.datetime | None, user: int | None = None) -> int:
    """How many are unread, COUNTED + 1 at most. Kept for a minute: pages ask nothing for it."""
    key = _count_key(groups, run, seen, user)
    kept: int | None = cache.get(key)
    if kept is None:
        since = seen or now - FIRST_LOOK
        found = read(groups=groups, run=run, now=now, seen=seen, since=since, limit=COUNTED + 1, user=user, hidden=hidden_of(user))
        kept = sum(notice.unread for notice in found)
        cache.set(key, kept, KEEP_SECONDS)
    return kept


def forget_count(*, groups: Sequence[int], run: LastRun, seen: dt.datetime | None, user: int) -> None:
    """Count anew for the next page: the user chose other kinds."""
    cache.delete(_count_key(groups, run, seen, user))


def _count_key(groups: Sequence[int], run: LastRun, seen: dt.datetime | None, user: int | None) -> str:
    return f"notices:{hashlib.sha256(repr((list(groups), seen, run, user)).encode()).hexdigest()[:24]}"


def hidden_of(user: int | None) -> tuple[str, ...]:
    """The kinds that a user does not want in the bell."""
    kept = BellChoice.objects.filter(user=user).values_list("hidden", flat=True).first() if user else None
    return tuple(kept or ())


def _events(groups: Sequence[int], *, since: dt.datetime, limit: int, hidden: Collection[str]) -> list[dict[str, Any]]:
    parameters = {
        "groups": list(groups),
        "since": since,
        "limit": limit,
        "kinds": [kind.value for kind in ALWAYS],
        "hidden": list(hidden),
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


def _of_act(row: dict[str, Any], seen: dt.datetime, *, restricted: bool) -> Notice:
    kind, reference = row["kind"], row["reference"]
    label, icon, tone = ACTS[kind]
    return Notice(
        at=row["at"],
        title=f"{label}: {row['subject']}",
        text="" if restricted and kind == "overdue" else row["detail"],  # it counts machines of all groups
        address=_act_address(kind, reference),
        icon=icon,
        tone=tone,
        unread=row["at"] > seen,
    )


def _act_address(kind: str, reference: str) -> str:
    if kind == "answered":
        return reverse("recommendations:inaccuracy_report", args=[reference])
    return reverse("exceptions:exception" if kind.startswith("exception_") else "remediation:activity", args=[reference])


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
