"""What a mail of a rule says: the occurrences by kind, the most important first, bounded, with links to the lists behind them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.db.models import F
from django.urls import reverse

from core import mail
from inventory.models import Machine
from recommendations import event_words
from tvm_portal.models import NotificationRule, Occurrence
from tvm_portal.notifications.kinds import KINDS, OF_RECOMMENDATIONS, RANK, Kind
from tvm_portal.notifications.occurrences import Found
from tvm_portal.notifications.rules import schedule_words
from weaknesses.feeds import FEEDS
from weaknesses.models import Event, Weakness

MOST, MOST_OF_A_KIND, MOST_WEAKNESSES, MOST_NAMES = 30, 10, 3, 5
SEVERITIES = ("none", "low", "medium", "high", "critical")


@dataclass(frozen=True, slots=True)
class Risk:
    """A weakness as a mail names it."""

    cve: str
    address: str
    severity: str
    cvss: float | None
    epss: float
    threat: str


@dataclass(frozen=True, slots=True)
class Line:
    """One occurrence. `facts` are short sentences; `names` of machines, empty where the rule does not name any."""

    title: str
    address: str
    facts: tuple[str, ...]
    risks: tuple[Risk, ...]
    more_risks: int
    names: tuple[str, ...]
    at: dt.datetime


@dataclass(frozen=True, slots=True)
class Part:
    """The occurrences of one kind: how many, the first of them, and where the others are."""

    kind: Kind
    total: int
    lines: tuple[Line, ...]
    more: int
    address: str


@dataclass(frozen=True, slots=True)
class Letter:
    subject: str
    text: str
    html: str


def write(rule: NotificationRule, groups: Sequence[tuple[int, str]] | None, found: Sequence[Found], *, now: dt.datetime) -> Letter:
    """The mail of a rule about what it found in these machine groups (None: all). A few statements, however much that is."""
    ids, since = None if groups is None else [group for group, _ in groups], min(entry.at for entry in found)
    parts = _parts(rule, ids, found, since=since, now=now)
    context = {
        "title": headline(found, parts),
        "rule": rule,
        "organisation": rule.organisation,
        "groups": [name for _, name in groups or ()],
        "schedule": schedule_words(frequency=rule.frequency, weekday=rule.weekday, hour=rule.hour, zone=rule.time_zone),
        "parts": parts,
        "total": len(found),
        "change": mail.address_of(reverse("notifications:rule", args=[rule.pk]) if rule.pk else reverse("notifications:rules")),
        "timeline": mail.address_of(_timeline(groups=ids or (), since=since, now=now)),
        "now": now,
    }
    text, html = mail.rendered("notification", context)
    prefix = f"[{rule.organisation}] " if rule.organisation else ""
    digest = {"daily": "Daily digest: ", "weekly": "Weekly digest: "}.get(rule.frequency, "")
    return Letter(mail.one_line(f"{prefix}{digest}{context['title']}"), text, html)


def headline(found: Sequence[Found], parts: Sequence[Part]) -> str:
    """The only occurrence's own sentence, else how many there are of the most important kinds."""
    if len(found) == 1:
        return parts[0].lines[0].title
    words = [f"{part.kind.heading if place == 0 else part.kind.heading.lower()} ({part.total:,})" for place, part in enumerate(parts[:3])]
    others = sum(part.total for part in parts[3:])
    return ", ".join([*words, *([f"{others:,} more"] if others else [])])


def _parts(
    rule: NotificationRule, groups: list[int] | None, found: Sequence[Found], *, since: dt.datetime, now: dt.datetime
) -> tuple[Part, ...]:
    by_kind: dict[str, list[Found]] = {}
    for entry in found:
        by_kind.setdefault(entry.kind, []).append(entry)
    shown: dict[str, list[Found]] = {}
    left = MOST
    for kind in sorted(by_kind, key=RANK.__getitem__):
        entries = sorted(
            by_kind[kind], key=lambda entry: (-entry.threat, -entry.severity, -(entry.points or 0), -entry.machines, -entry.id)
        )
        shown[kind] = entries[: min(MOST_OF_A_KIND, left)]
        left -= len(shown[kind])
    stored = Occurrence.objects.in_bulk([entry.id for entries in shown.values() for entry in entries])
    risks, names = _weaknesses(stored), _names(rule, groups, stored)
    narrowed = groups or ()
    parts = []
    for kind, entries in shown.items():
        lines = tuple(_line(entry, stored[entry.id], rule, groups=narrowed, risks=risks, names=names) for entry in entries)
        total = len(by_kind[kind])
        address = mail.address_of(list_of(kind, groups=narrowed, since=since, now=now))
        parts.append(Part(KINDS[kind], total, lines, total - len(lines), address))
    return tuple(parts)


def _line(
    entry: Found,
    stored: Occurrence,
    rule: NotificationRule,
    *,
    groups: Sequence[int],
    risks: dict[int, Weakness],
    names: dict[str, tuple[str, ...]],
) -> Line:
    """One occurrence in words. `groups`: those that its links are narrowed to."""
    wanted = rule.severity if stored.kind == "new_weakness" else 0
    mine = sorted(
        (risks[pk] for pk in stored.weakness_ids if pk in risks and risks[pk].severity >= wanted),
        key=lambda risk: (-risk.exploited, -risk.exploit, -risk.severity, -(risk.cvss or 0), risk.cve),
    )
    return Line(
        title=title_of(stored),
        address=mail.address_of(address_of(stored, groups=groups)),
        facts=tuple(_facts(stored, entry)),
        risks=tuple(_risk(risk) for risk in mine[:MOST_WEAKNESSES]),
        more_risks=max(sum(stored.severities[wanted:]) - min(len(mine), MOST_WEAKNESSES), 0),
        names=names.get(stored.reference, ()),
        at=stored.at,
    )


def title_of(stored: Occurrence) -> str:
    """What happened, in a sentence without a full stop."""
    if stored.kind in Event.Kind.values:
        return event_words.sentence(kind=stored.kind, component=stored.subject, weaknesses=len(stored.weakness_ids))
    if stored.kind == "feed_failing":
        feed = FEEDS.get(stored.subject)
        return f"The feed {feed.label if feed else stored.subject} cannot be read"
    if stored.kind in ("data_stale", "score_rose"):
        return stored.subject
    if stored.kind == "patched":
        return f"There is a patch for a zero day: {stored.subject}"
    return f"{KINDS[stored.kind].label}: {stored.subject}"


def address_of(stored: Occurrence, *, groups: Sequence[int] = ()) -> str:
    """The page or filtered list behind an occurrence."""
    kind, reference = stored.kind, stored.reference
    if stored.event_id is not None and reference and not reference.startswith("sca-"):
        day = f"{stored.at:%Y-%m-%d}"
        query = {"from": day, "to": day, "software": reference, "type": kind}
        return _with(reverse("recommendations:timeline"), query, groups)
    if kind in ("zero_day", "patched", *OF_RECOMMENDATIONS) or (stored.event_id is not None and reference):
        return _with(reverse("recommendations:detail", args=[reference]), {}, groups)
    if kind in ("completed", "overdue", "ticket_failed"):
        return reverse("remediation:activity", args=[reference])
    if kind.startswith("exception_"):
        return reverse("exceptions:exception", args=[reference])
    if kind == "feed_failing" and reference in FEEDS:
        return reverse("weaknesses:feed", args=[reference])
    if kind == "inaccuracy":
        return reverse("recommendations:inaccuracy_report", args=[reference])
    if kind == "score_rose":
        return _with(reverse("dashboard"), {}, groups)
    return reverse("recommendations:scoring" if kind == "data_stale" else "recommendations:timeline")


def list_of(kind: str, *, groups: Sequence[int], since: dt.datetime, now: dt.datetime) -> str:
    """The list that holds everything of a kind, filtered to it."""
    days = {"from": f"{since:%Y-%m-%d}", "to": f"{now:%Y-%m-%d}", "type": kind}
    if kind in Event.Kind.values:
        return _with(reverse("recommendations:timeline"), days, groups)
    if kind == "zero_day":
        return _with(reverse("recommendations:list"), {"tag": "zero-day"}, groups)
    if kind in ("patched", *OF_RECOMMENDATIONS):
        return _with(reverse("recommendations:list"), {}, groups)
    if kind in ("completed", "overdue", "ticket_failed"):
        return reverse("remediation:list")
    if kind.startswith("exception_"):
        return reverse("exceptions:list")
    if kind == "feed_failing":
        return reverse("weaknesses:feeds")
    if kind == "inaccuracy":
        return f"{reverse('recommendations:inaccuracies')}?state=open"
    return reverse("recommendations:scoring" if kind == "data_stale" else "dashboard")


def _timeline(*, groups: Sequence[int], since: dt.datetime, now: dt.datetime) -> str:
    return _with(reverse("recommendations:timeline"), {"from": f"{since:%Y-%m-%d}", "to": f"{now:%Y-%m-%d}"}, groups)


def _with(address: str, query: dict[str, str], groups: Sequence[int]) -> str:
    pairs = [*query.items(), *([("groups", ",".join(map(str, groups)))] if groups else [])]
    return f"{address}?{urlencode(pairs, safe=',')}" if pairs else address


def _facts(stored: Occurrence, entry: Found) -> list[str]:
    facts = [f"{entry.machines:,} machine{'' if entry.machines == 1 else 's'}"] if stored.groups is not None and entry.machines else []
    counted = [
        (stored.severities[place], SEVERITIES[place]) for place in (4, 3) if len(stored.severities) == 5 and stored.severities[place]
    ]
    facts += [f"{count:,} {word}" for count, word in counted]
    if entry.points and stored.kind in OF_RECOMMENDATIONS:
        facts.append(f"{entry.points:.1f} points of the exposure score")
    return [*facts, *([stored.detail] if stored.detail else [])]


def _risk(risk: Weakness) -> Risk:
    threat = "exploited in the wild" if risk.exploited else risk.get_exploit_display().lower() if risk.exploit else ""
    address = mail.address_of(reverse("recommendations:weakness", args=[risk.cve]))
    return Risk(risk.cve, address, SEVERITIES[risk.severity], risk.cvss, 100 * risk.epss, threat)


def _weaknesses(stored: dict[int, Occurrence]) -> dict[int, Weakness]:
    """The few worst weaknesses of each occurrence. One statement."""
    ids = {pk for entry in stored.values() for pk in entry.weakness_ids[:1_000]}
    if not ids:
        return {}
    found = Weakness.objects.filter(pk__in=ids).only("cve", "severity", "cvss", "epss", "exploit", "exploited")
    worst = found.order_by("-exploited", "-exploit", "-severity", F("cvss").desc(nulls_last=True), "cve")[:2_000]
    return {risk.pk: risk for risk in worst}


def _names(rule: NotificationRule, groups: list[int] | None, stored: dict[int, Occurrence]) -> dict[str, tuple[str, ...]]:
    """Reference -> names of some machines that need a fix of it, where the rule names machines. A statement for each that is shown."""
    if rule.naming != NotificationRule.Naming.NAMES:
        return {}
    references = {entry.reference for entry in stored.values() if entry.reference and entry.groups}
    return {reference: found for reference in sorted(references) if (found := _machines_of(reference, groups))}


def _machines_of(reference: str, groups: list[int] | None) -> tuple[str, ...]:
    machines = Machine.objects.all() if groups is None else Machine.objects.filter(group_id__in=groups)
    if reference.startswith(("va-_-", "sca-_-")):
        machines = machines.filter(exposures__recommendation__key=reference)
    elif "-_-" in reference:
        machines = machines.filter(exposures__recommendation__software__key=reference)
    else:
        return ()
    return tuple(machines.order_by("name").values_list("name", flat=True).distinct()[:MOST_NAMES])


def trial_context(now: dt.datetime) -> dict[str, Any]:
    """A test mail."""
    return {"title": "A test mail of the portal", "now": now, "settings_address": mail.address_of(reverse("notifications:rules"))}
