"""The event timeline: what brought risk in, and what was done about it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Sum

from inventory.models import SoftwareStat
from recommendations import event_words
from recommendations.models import RecommendationStat
from weaknesses.models import Event, Weakness

EXPORT_HEADER = ("Time", "Event", "Type", "Component", "Machines impacted", "Machines impacted now", "Weaknesses", "Score change")
EXPLOIT_KINDS = (Event.Kind.NEW_EXPLOIT, Event.Kind.VERIFIED, Event.Kind.KIT, Event.Kind.EXPLOITED)


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Which events: of some groups, days (both ends included), kinds, one software (its key), or words in a component's name."""

    groups: Sequence[int]
    first: dt.date | None = None
    last: dt.date | None = None
    kinds: tuple[str, ...] = ()
    software: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class EventRow:
    """One event. `machines` and `share` (percent) when it happened, `machines_now` in the chosen groups; None: not known."""

    id: int
    at: dt.datetime
    kind: str
    kind_label: str
    icon: str
    tone: str
    sentence: str
    component: str
    software_key: str
    recommendation_key: str
    weaknesses: int
    machines: int | None
    share: float | None
    machines_now: int | None
    score_change: float


@dataclass(frozen=True, slots=True)
class EventCounts:
    """Distinct weaknesses that some events name: newly found, and newly exploitable."""

    new: int
    exploitable: int


def matching(chosen: EventFilter) -> QuerySet[Event]:
    """Events of the filter, not ordered. An event counts where its software or check is in one of the groups."""
    here = SoftwareStat.objects.filter(software_id=OuterRef("software_id"), group_id__in=chosen.groups, installed__gt=0)
    checked = RecommendationStat.objects.filter(recommendation__configuration_id=OuterRef("configuration_id"), group_id__in=chosen.groups)
    events = Event.objects.filter(Exists(here) | Exists(checked))
    if chosen.first:
        events = events.filter(at__gte=_start_of(chosen.first))
    if chosen.last:
        events = events.filter(at__lt=_start_of(chosen.last + dt.timedelta(days=1)))
    if chosen.kinds:
        events = events.filter(kind__in=chosen.kinds)
    if chosen.software:
        events = events.filter(software__key=chosen.software)
    if chosen.text:
        events = events.filter(Q(software__name__icontains=chosen.text) | Q(configuration__name__icontains=chosen.text))
    return events


def newest(chosen: EventFilter, *, offset: int = 0, limit: int = 30) -> tuple[EventRow, ...]:
    """A page of events, the newest first. Three statements, whatever the page holds."""
    return tuple(_rows(matching(chosen).order_by("-at", "-id")[offset : offset + limit], groups=chosen.groups))


def most_telling(chosen: EventFilter, *, limit: int = 3) -> tuple[EventRow, ...]:
    """The events that moved the score, or touched machines, most."""
    events = matching(chosen).order_by(F("score_change").desc(), F("machines").desc(nulls_last=True), "-at", "-id")
    return tuple(_rows(events[:limit], groups=chosen.groups))


def every(chosen: EventFilter, *, chunk: int = 1000) -> Iterator[EventRow]:
    """All events of the filter, the newest first, a chunk at a time."""
    events = matching(chosen).order_by("-at", "-id")
    start = 0
    while page := list(events.select_related("software", "configuration")[start : start + chunk]):
        yield from _rows(page, groups=chosen.groups)
        start += chunk


def export_row(row: EventRow) -> tuple[object, ...]:
    """A row of EXPORT_HEADER."""
    return (row.at, row.sentence, row.kind_label, row.component, row.machines, row.machines_now, row.weaknesses, row.score_change)


def new_per_day(chosen: EventFilter) -> dict[dt.date, int]:
    """Day -> weaknesses that its events brought."""
    days: dict[dt.date, int] = {}
    found = matching(chosen).filter(kind=Event.Kind.NEW_WEAKNESS).values_list("at", "weakness_ids")
    for at, ids in found.iterator():
        days[at.date()] = days.get(at.date(), 0) + len(ids)
    return days


def counts(chosen: EventFilter) -> EventCounts:
    """How many weaknesses the events of the filter name; a weakness that several events name counts once."""
    new: set[int] = set()
    exploitable: set[int] = set()
    wanted = (Event.Kind.NEW_WEAKNESS, *EXPLOIT_KINDS)
    for kind, ids in matching(chosen).filter(kind__in=wanted).values_list("kind", "weakness_ids").iterator():
        (new if kind == Event.Kind.NEW_WEAKNESS else exploitable).update(ids)
    return EventCounts(len(new), len(exploitable))


def weaknesses_by_kind(chosen: EventFilter) -> dict[str, set[int]]:
    """Kind -> weaknesses that its events name; one that several events name is there once."""
    found: dict[str, set[int]] = {}
    wanted = (Event.Kind.NEW_WEAKNESS, Event.Kind.FIXED, *EXPLOIT_KINDS)
    for kind, ids in matching(chosen).filter(kind__in=wanted).values_list("kind", "weakness_ids").iterator():
        found.setdefault(kind, set()).update(ids)
    return found


def per_day(chosen: EventFilter) -> dict[dt.date, tuple[str, ...]]:
    """Day -> sentences of its events, the most telling first (at most three a day)."""
    days: dict[dt.date, list[str]] = {}
    for row in most_telling(chosen, limit=200):
        days.setdefault(row.at.date(), []).append(row.sentence)
    return {day: tuple(sentences[:3]) for day, sentences in days.items()}


def weaknesses_of(event: Event, *, limit: int = 50) -> tuple[Weakness, ...]:
    """The weaknesses an event names, the worst first."""
    return tuple(Weakness.objects.filter(pk__in=event.weakness_ids).order_by("-severity", "-cvss", "cve")[:limit])


def _rows(events: QuerySet[Event] | Sequence[Event], *, groups: Sequence[int]) -> Iterator[EventRow]:
    page = list(events.select_related("software", "configuration") if isinstance(events, QuerySet) else events)
    software = _exposed_software(groups=groups, ids={e.software_id for e in page if e.software_id})
    checks = _failing_checks(groups=groups, ids={e.configuration_id for e in page if e.configuration_id})
    for event in page:
        now = software.get(event.software_id or 0) if event.software_id else checks.get(event.configuration_id or 0)
        yield _row(event, machines_now=now)


def _row(event: Event, *, machines_now: int | None) -> EventRow:
    count = len(event.weakness_ids)
    if event.software:
        component, key, recommendation = event.software.name, event.software.key, ""
    elif event.configuration:
        component, key, recommendation = event.configuration.name, "", f"sca-_-{event.configuration.key}"
    else:
        component, key, recommendation = "something removed since", "", ""
    share = 100 * event.machines / event.machines_total if event.machines is not None and event.machines_total else None
    return EventRow(
        id=event.pk,
        at=event.at,
        kind=event.kind,
        kind_label=event.get_kind_display(),
        icon=event_words.ICONS[Event.Kind(event.kind)],
        tone=event_words.tone(event.kind),
        sentence=event_words.sentence(kind=event.kind, component=component, weaknesses=count),
        component=component,
        software_key=key,
        recommendation_key=recommendation,
        weaknesses=count,
        machines=event.machines,
        share=share,
        machines_now=machines_now,
        score_change=event.score_change,
    )


def _exposed_software(*, groups: Sequence[int], ids: set[int]) -> dict[int, int]:
    found = SoftwareStat.objects.filter(group_id__in=groups, software_id__in=ids).values("software_id").annotate(now=Sum("exposed"))
    return {row["software_id"]: row["now"] for row in found.order_by("software_id")}


def _failing_checks(*, groups: Sequence[int], ids: set[int]) -> dict[int, int]:
    stats = RecommendationStat.objects.filter(group_id__in=groups, recommendation__configuration_id__in=ids)
    found = stats.values("recommendation__configuration_id").annotate(now=Sum("exposed")).order_by("recommendation__configuration_id")
    return {row["recommendation__configuration_id"]: row["now"] for row in found}


def _start_of(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), tzinfo=dt.UTC)
