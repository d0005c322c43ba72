"""Exceptions as screens show them: the list by subject, and one subject with all of its exceptions and their history."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Exists, OuterRef, Q

from core import sql
from core.flyouts import Place, place_near
from core.lists import ListState
from core.models import AuditEvent
from exceptions import filters, queries, rules
from exceptions.models import ExceptionPart, RiskException
from exceptions.queries import Subject

MOST_EVENTS = 100
PANEL = 3
LABELS = dict(RiskException.Status.choices)
REASONS = dict(RiskException.Justification.choices)
DEEDS = {
    "exception.request": "Requested",
    "exception.approve": "Approved",
    "exception.reject": "Rejected",
    "exception.cancel": "Cancelled",
    "exception.cancel_groups": "Cancelled for some groups",
    "exception.expire": "Expired",
    "exception.resurface": "Resurfaced",
    "exception.suspend": "Suspended: one for all machines took effect",
    "exception.resume": "In effect again: the one for all machines ended",
    "exception.renew": "Renewed",
    "exception.ask_renewal": "Renewal requested",
    "exception.reject_renewal": "Renewal rejected",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One subject. `id`: of its newest exception that fits."""

    id: int
    title: str
    type_label: str
    places: str
    justification: str
    status: str
    status_label: str
    requester: str
    requested_at: dt.datetime
    ends_at: dt.datetime
    ends_words: str
    asked: bool


@dataclass(frozen=True, slots=True)
class Counts:
    """`active`: exceptions in effect; `pending`: requests and renewals that wait; `soon`: in effect, over within a week."""

    active: int
    pending: int
    soon: int
    facets: dict[str, dict[str, int]] = field(default_factory=dict)
    any: bool = False


@dataclass(frozen=True, slots=True)
class PartRow:
    """An exception in one group, or for all machines (`group_id` None). `status`: its own, where it was cancelled alone."""

    exception: RiskException
    group_id: int | None
    name: str
    status: str
    status_label: str
    may_end: bool

    @property
    def is_current(self) -> bool:
        return self.status in rules.CURRENT


@dataclass(frozen=True, slots=True)
class Deed:
    """A line of the history."""

    at: dt.datetime
    who: str
    what: str
    note: str


@dataclass(frozen=True, slots=True)
class Detail:
    """A subject with all of its exceptions, the newest first. `whole`: every machine group of the shown one may be seen."""

    subject: Subject
    shown: RiskException
    whole: bool
    exceptions: tuple[RiskException, ...]
    parts: tuple[PartRow, ...]
    history: tuple[Deed, ...]

    @property
    def current(self) -> tuple[RiskException, ...]:
        return tuple(e for e in self.exceptions if e.status in rules.CURRENT)


def page(state: ListState, *, groups: Sequence[int] | None, now: dt.datetime) -> tuple[int, tuple[Row, ...]]:
    """How many subjects fit, and a page of them; beyond the last page the last one."""
    found = _read(state, groups=groups, now=now, offset=state.offset, limit=state.per_page)
    if not found and state.offset:
        first = _read(state, groups=groups, now=now, offset=0, limit=1)
        total = first[0]["total"] if first else 0
        found = _read(state, groups=groups, now=now, offset=max(total - 1, 0) // state.per_page * state.per_page, limit=state.per_page)
    return (found[0]["total"] if found else 0), tuple(_row(row, now=now) for row in found)


def every(state: ListState, *, groups: Sequence[int] | None, now: dt.datetime) -> Iterator[Row]:
    return (_row(row, now=now) for row in _read(state, groups=groups, now=now, offset=0, limit=None))


def place_in(state: ListState, pk: int, *, groups: Sequence[int] | None, now: dt.datetime) -> Place | None:
    def read(offset: int, limit: int) -> tuple[int, list[str]]:
        found = _read(state, groups=groups, now=now, offset=offset, limit=limit)
        return (found[0]["total"] if found else 0), [str(row["id"]) for row in found]

    return place_near(state, str(pk), read)[0]


def counts(*, groups: Sequence[int] | None, now: dt.datetime) -> Counts:
    facets: dict[str, dict[str, int]] = {}
    for row in sql.rows("exceptions/count_exceptions", {"groups": None if groups is None else list(groups), "now": now}):
        facets.setdefault(row["facet"], {})[row["value"]] = row["found"]
    status = facets.get("status", {})
    pending = status.get("pending", 0) + facets.get("asked", {}).get("", 0)
    facets["status"] = status | ({"pending": pending} if pending else {})
    return Counts(status.get("in_effect", 0), pending, facets.get("soon", {}).get("", 0), facets, bool(status))


def active_count(*, groups: Sequence[int]) -> int:
    """Exceptions in effect for all machines, or for one of these groups."""
    here = ExceptionPart.objects.filter(exception=OuterRef("pk"), group_id__in=groups, cancelled_at__isnull=True)
    return RiskException.objects.filter(Q(all_machines=True) | Exists(here), status=rules.IN_EFFECT).count()


def find(pk: int) -> RiskException | None:
    found = RiskException.objects.select_related("recommendation__configuration", "recommendation__software", "weakness", "software")
    return found.select_related("requested_by", "decided_by", "asked_by").prefetch_related("parts").filter(pk=pk).first()


def is_seen(exception: RiskException, seen: set[int]) -> bool:
    """Whether one of its groups is among those that somebody may see; one for all machines, or of deleted groups, always is."""
    groups = {part.group_id for part in exception.parts.all() if part.group_id is not None}
    return exception.all_machines or not groups or bool(groups & seen)


def detail(exception: RiskException, *, seen: set[int], handled: set[int], everywhere: bool) -> Detail:
    """`seen`: groups that the viewer may see; `handled`: those for which one may be ended, `everywhere`: also one for all machines."""
    subject = queries.subject_of(exception)
    listed = subject.exceptions().select_related("requested_by", "decided_by", "asked_by").prefetch_related("parts").order_by("-id")
    exceptions = tuple(one for one in listed if is_seen(one, seen))
    found = [part for e in exceptions for part in _parts(e, handled=handled, everywhere=everywhere)]
    parts = tuple(part for part in found if part.group_id is None or part.group_id in seen)
    shown = next(e for e in exceptions if e.pk == exception.pk)
    places = queries.all_groups() if shown.all_machines else [part.group_id for part in shown.parts.all() if part.group_id is not None]
    order = {status: place for place, status in enumerate(LABELS)}
    parts = tuple(sorted(parts, key=lambda p: (not p.is_current, order[p.status])))
    return Detail(subject, shown, seen.issuperset(places), exceptions, parts, _history(exceptions, seen=seen))


def of_subject(subject: Subject, *, seen: set[int]) -> tuple[int, tuple[RiskException, ...]]:
    """How many there were, and those that hold now, else the newest; of those that somebody may see."""
    found = [one for one in subject.exceptions().prefetch_related("parts").order_by("-id") if is_seen(one, seen)]
    shown = [e for e in found if e.status in rules.CURRENT] or found
    return len(found), tuple(shown[:PANEL])


def _read(state: ListState, *, groups: Sequence[int] | None, now: dt.datetime, offset: int, limit: int | None) -> list[dict[str, Any]]:
    return sql.rows("exceptions/read_exceptions", {**filters.parameters(state, groups=groups, now=now), "offset": offset, "limit": limit})


def _row(row: dict[str, Any], *, now: dt.datetime) -> Row:
    statuses = [*row["statuses"], *(["cancelled"] if row["some_cancelled"] else [])]
    ends = row["ends_at"]
    return Row(
        id=row["id"],
        title=row["title"],
        type_label=dict(filters.TYPES)[row["type"]],
        places=rules.places_words(everywhere=row["everywhere"], groups=row["groups"]),
        justification=rules.more_words([REASONS[reason] for reason in row["justifications"]]),
        status=statuses[0],
        status_label=rules.more_words([LABELS[status] for status in statuses]),
        requester=rules.more_words(row["requesters"]),
        requested_at=row["requested_at"],
        ends_at=ends,
        ends_words=rules.days_left(ends, now=now) if statuses[0] in rules.CURRENT and ends > now else "",
        asked=row["asked"],
    )


def _parts(exception: RiskException, *, handled: set[int], everywhere: bool) -> list[PartRow]:
    label = LABELS[exception.status]
    if exception.all_machines:
        return [PartRow(exception, None, "All machines, now and in future", exception.status, label, everywhere)]
    rows = []
    for part in queries.parts_of(exception):
        alone = part.cancelled_at is not None and exception.status != rules.CANCELLED
        status = rules.CANCELLED if alone else exception.status
        may = part.group_id in handled and part.cancelled_at is None
        name = part.name if part.group_id is not None else f"{part.name} (deleted)"
        rows.append(PartRow(exception, part.group_id, name, status, LABELS[status], may))
    return rows


def _history(exceptions: Sequence[RiskException], *, seen: set[int]) -> tuple[Deed, ...]:
    unseen = {
        str(e.pk): {part.name for part in e.parts.all() if part.group_id is not None and part.group_id not in seen} for e in exceptions
    }
    events = AuditEvent.objects.filter(object_type="riskexception", object_id__in=unseen).order_by("-at", "-id")[:MOST_EVENTS]
    return tuple(
        Deed(
            event.at,
            "The portal" if event.actor == "system" else event.actor,
            DEEDS.get(event.action, event.action),
            _note(event.after, unseen=unseen[event.object_id]),
        )
        for event in events
    )


def _note(after: dict[str, Any], *, unseen: set[str]) -> str:
    """What was said with a deed: the context, a note, the groups. Groups of `unseen` are counted, not named."""
    said = [str(after[name]) for name in ("context", "note") if after.get(name)]
    if isinstance(after.get("groups"), list):
        named = [str(name) for name in after["groups"] if name not in unseen]
        others = len(after["groups"]) - len(named)
        said.append("Groups: " + ", ".join([*named, *([f"{others} that you do not see"] if others else [])]))
    until = after.get("ends_at") or after.get("until")
    if until:
        said.append(f"Until {str(until)[:10]}")
    return " ".join(part if part.endswith(".") else f"{part}." for part in said)
