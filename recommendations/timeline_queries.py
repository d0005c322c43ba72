"""The event timeline: what brought risk in, and what was done about it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Sum

from core.flyouts import Place
from core.lists import ListState
from inventory.models import Alert, SoftwareStat
from recommendations import event_words
from recommendations.models import GroupScore, Recommendation, RecommendationStat, WeaknessStat
from weaknesses.models import Event, Weakness

EXPORT_HEADER = (
    *("Time", "Event", "Type", "Component", "Machines impacted", "Percent impacted", "Machines impacted now", "Percent impacted now"),
    *("Weaknesses", "Score change"),
)
MOST_NAMED = 2_000  # weaknesses whose events the beginning of an id finds
EXPLOIT_KINDS = (Event.Kind.NEW_EXPLOIT, Event.Kind.VERIFIED, Event.Kind.KIT, Event.Kind.EXPLOITED)


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Which events: of some groups, days (both ends included), kinds, one software (its key), or words in a component's name.

    `since`: not before this moment, finer than `first`. `text` may also be the id of a weakness, or its beginning.
    `share`: percent of all machines impacted, at least, when it happened. `restricted`: figures of the whole organisation are not told.
    """

    groups: Sequence[int]
    first: dt.date | None = None
    last: dt.date | None = None
    kinds: tuple[str, ...] = ()
    software: str = ""
    text: str = ""
    since: dt.datetime | None = None
    share: float | None = None
    restricted: bool = False


@dataclass(frozen=True, slots=True)
class EventRow:
    """One event. `machines` and `share` (percent) when it happened, those `_now` in the chosen groups; None: not known, or not told.

    `score_change` None: not told.
    """

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
    score_change: float | None
    share_now: float | None = None


@dataclass(frozen=True, slots=True)
class EventCounts:
    """Distinct weaknesses that some events name: newly found, and newly exploitable."""

    new: int
    exploitable: int


@dataclass(frozen=True, slots=True)
class Answer:
    """A recommendation that answers an event."""

    key: str
    title: str


@dataclass(frozen=True, slots=True)
class EventDetail:
    """An event, the weaknesses it names, and what answers it, the most useful first."""

    row: EventRow
    weakness_ids: tuple[int, ...]
    answers: tuple[Answer, ...]


@dataclass(frozen=True, slots=True)
class EventWeakness:
    """`alert`: an open alert on a machine of the chosen groups names it."""

    weakness: Weakness
    alert: bool


def matching(chosen: EventFilter) -> QuerySet[Event]:
    """Events of the filter, not ordered. An event counts where its software or check is in one of the groups."""
    here = SoftwareStat.objects.filter(software_id=OuterRef("software_id"), group_id__in=chosen.groups, installed__gt=0)
    checked = RecommendationStat.objects.filter(recommendation__configuration_id=OuterRef("configuration_id"), group_id__in=chosen.groups)
    events = Event.objects.filter(Exists(here) | Exists(checked))
    if chosen.first:
        events = events.filter(at__gte=_start_of(chosen.first))
    if chosen.last:
        events = events.filter(at__lt=_start_of(chosen.last + dt.timedelta(days=1)))
    if chosen.since:
        events = events.filter(at__gte=chosen.since)
    if chosen.share is not None and not chosen.restricted:
        events = events.filter(machines_total__gt=0, machines__gte=F("machines_total") * (chosen.share / 100))
    if chosen.kinds:
        events = events.filter(kind__in=chosen.kinds)
    if chosen.software:
        events = events.filter(software__key=chosen.software)
    if chosen.text:
        named = Q(software__name__icontains=chosen.text) | Q(configuration__name__icontains=chosen.text)
        if "-" in chosen.text:
            ids = Weakness.objects.filter(cve__startswith=chosen.text.upper()).order_by("-exposed_count", "id").values_list("id", flat=True)
            named |= Q(weakness_ids__overlap=list(ids[:MOST_NAMED]))
        events = events.filter(named)
    return events


def newest(chosen: EventFilter, *, offset: int = 0, limit: int = 30) -> tuple[EventRow, ...]:
    """A page of events, the newest first. Three statements, whatever the page holds."""
    return tuple(_rows(matching(chosen).order_by("-at", "-id")[offset : offset + limit], chosen))


def most_telling(chosen: EventFilter, *, limit: int = 3) -> tuple[EventRow, ...]:
    """The events that moved the score, or touched machines, most."""
    events = matching(chosen).order_by(F("score_change").desc(), F("machines").desc(nulls_last=True), "-at", "-id")
    return tuple(_rows(events[:limit], chosen))


def every(chosen: EventFilter, *, chunk: int = 1000) -> Iterator[EventRow]:
    """All events of the filter, the newest first, a chunk at a time."""
    events = matching(chosen).order_by("-at", "-id")
    start = 0
    while page := list(events.select_related("software", "configuration")[start : start + chunk]):
        yield from _rows(page, chosen)
        start += chunk


def export_row(row: EventRow) -> tuple[object, ...]:
    """A row of EXPORT_HEADER."""
    machines = (row.machines, row.share, row.machines_now, row.share_now)
    return (row.at, row.sentence, row.kind_label, row.component, *machines, row.weaknesses, row.score_change)


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


def place_in(chosen: EventFilter, state: ListState, event_id: int) -> Place | None:
    """Where an event stands in the list. None: the list has it not. A few statements."""
    events = matching(chosen)
    moment = events.filter(pk=event_id).values_list("at", flat=True).first()
    if moment is None:
        return None
    later = Q(at__gt=moment) | Q(at=moment, id__gt=event_id)
    earlier = Q(at__lt=moment) | Q(at=moment, id__lt=event_id)
    number = events.filter(later).count() + 1
    before = events.filter(later).order_by("at", "id").values_list("id", flat=True).first()
    after = events.filter(earlier).order_by("-at", "-id").values_list("id", flat=True).first()
    page = (number - 1) // state.per_page + 1
    return Place(number=number, total=events.count(), page=page, previous=str(before or ""), following=str(after or ""))


def find(event_id: int, *, groups: Sequence[int], restricted: bool = False) -> EventDetail | None:
    """One event with the recommendations that answer it; None where the groups have none of this id."""
    chosen = EventFilter(groups=groups, restricted=restricted)
    event = matching(chosen).select_related("software", "configuration").filter(pk=event_id).first()
    if event is None:
        return None
    [row] = _rows([event], chosen)
    return EventDetail(row=row, weakness_ids=tuple(event.weakness_ids), answers=_answers(event, groups=groups))


def weaknesses_of(detail: EventDetail, *, groups: Sequence[int], offset: int = 0, limit: int = 10) -> tuple[EventWeakness, ...]:
    """Some of the weaknesses that an event names, the worst first. Two statements."""
    found = Weakness.objects.filter(pk__in=detail.weakness_ids).order_by(
        "-exploited", "-exploit", "-severity", F("cvss").desc(nulls_last=True), "cve"
    )
    page = list(found[offset : offset + limit])
    alerts = Alert.objects.filter(cve__in=[weakness.cve for weakness in page], closed_at__isnull=True, machine__group_id__in=groups)
    alerted = set(alerts.values_list("cve", flat=True)) if page else set()
    return tuple(EventWeakness(weakness, weakness.cve in alerted) for weakness in page)


def exposed_here(weakness_ids: Sequence[int], *, groups: Sequence[int]) -> dict[int, int]:
    """Weakness -> machines of the groups that have it."""
    stats = WeaknessStat.objects.filter(weakness_id__in=weakness_ids, group_id__in=groups).values("weakness_id")
    return dict(stats.annotate(machines=Sum("exposed")).order_by().values_list("weakness_id", "machines"))


def _answers(event: Event, *, groups: Sequence[int]) -> tuple[Answer, ...]:
    """Recommendations of the event's software or check that some machine of the groups needs, the one that gains most first."""
    if event.software_id is None and event.configuration_id is None:
        return ()
    about = {"software_id": event.software_id} if event.software_id else {"configuration_id": event.configuration_id}
    here = Sum("stats__impact", filter=Q(stats__group_id__in=groups))
    exposed = Sum("stats__exposed", filter=Q(stats__group_id__in=groups))
    found = Recommendation.objects.filter(present=True, **about).annotate(here=here, exposed=exposed).filter(exposed__gt=0)
    return tuple(Answer(row.key, row.title) for row in found.order_by(F("here").desc(nulls_last=True), "id")[:5])


def _rows(events: QuerySet[Event] | Sequence[Event], chosen: EventFilter) -> Iterator[EventRow]:
    groups = chosen.groups
    page = list(events.select_related("software", "configuration") if isinstance(events, QuerySet) else events)
    software = _exposed_software(groups=groups, ids={e.software_id for e in page if e.software_id})
    checks = _failing_checks(groups=groups, ids={e.configuration_id for e in page if e.configuration_id})
    total = GroupScore.objects.filter(group_id__in=groups).aggregate(machines=Sum("machines"))["machines"] if page else 0
    for event in page:
        now = software.get(event.software_id or 0, 0) if event.software_id else checks.get(event.configuration_id or 0)
        row = _row(event, machines_now=now, total=total or 0)
        yield replace(row, machines=None, share=None, score_change=None) if chosen.restricted else row


def _row(event: Event, *, machines_now: int | None, total: int) -> EventRow:
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
        share_now=100 * machines_now / total if machines_now is not None and total else None,
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
