"""The portal's own queue as IT administrators see it."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from django.core.cache import cache
from django.db.models import Count, F, Q, QuerySet

from core.lists import Column, Facet, ListSpec, ListState
from core.models import User
from core.people import name_of
from remediation import queries, rules
from remediation.models import Activity, Ticket
from remediation.ticketing import builtin

STATES = (("pending", "Pending"), ("accepted", "Accepted"), ("rejected", "Rejected"), ("completed", "Completed"))
MINE, NOBODY = "me", "nobody"
SPEC = ListSpec(
    columns=(
        Column("name", "Name", sort="+", fixed=True),
        Column("priority", "Priority", sort="+"),
        Column("status", "Status", sort="+", fixed=True),
        Column("source", "Source"),
        Column("machines", "Impacted machines", sort="-", numeric=True),
        Column("created", "Created", sort="-"),
        Column("due", "Due", sort="+"),
        Column("assigned", "Assigned to", sort="+"),
    ),
    sort="due",
    facets=(
        Facet("state", "Status", STATES),
        Facet("priority", "Priority", tuple(Activity.Priority.choices)),
        Facet("type", "Type", (("application", "Application"), ("configuration", "Configuration"))),
        Facet("assigned", "Assigned to", ((MINE, "Me"), (NOBODY, "Nobody"))),
    ),
)
SORTS: dict[str, Any] = {
    "name": F("activity__title"),
    "priority": F("priority_order"),
    "status": F("state"),
    "machines": F("activity__target_count"),
    "created": F("created_at"),
    "due": F("activity__due_on"),
    "assigned": F("assignee__username"),
}
SOURCE = "TVM Portal"
COUNT_KEY, COUNT_SECONDS = "queue:waiting", 30


@dataclass(frozen=True, slots=True)
class QueueRow:
    """A ticket of the queue. `machines` 0: nothing to measure. `offered`: the verbs that can be said now.

    `type`: Application or Configuration. `done`: its activity is completed.
    """

    id: int
    activity: str
    name: str
    type: str
    priority: str
    priority_label: str
    state: str
    state_label: str
    source: str
    machines: int
    fixed: int
    created_at: dt.datetime
    due_on: dt.date | None
    due_state: str
    due_words: str
    assignee: str
    assignee_id: int | None
    requester: str
    mail: str
    offered: tuple[str, ...]
    done: bool


def page(state: ListState, *, user: User, groups: Sequence[int] | None, today: dt.date) -> tuple[int, tuple[QueueRow, ...]]:
    """How many fit, and a page of them. `groups`: requests about machines of these; None: of all."""
    found = _found(state, user, groups)
    total = found.count()
    return total, rows_of(found[state.part(total)], groups=groups, today=today)


def every(state: ListState, *, user: User, groups: Sequence[int] | None, today: dt.date) -> Iterator[QueueRow]:
    """All that fit, for an export."""
    found = _found(state, user, groups).iterator(chunk_size=500)
    while part := list(islice(found, 500)):
        yield from rows_of(part, groups=groups, today=today)


def one(pk: int, *, groups: Sequence[int] | None) -> Ticket | None:
    return (
        _tickets(groups)
        .select_related("activity__recommendation__software", "activity__recommendation__configuration")
        .filter(pk=pk)
        .first()
    )


def counts(*, user: User, groups: Sequence[int] | None) -> dict[str, dict[str, int]]:
    """facet -> value -> how many, whatever else is chosen."""
    tickets = _in(groups)
    configuration = Q(activity__kind="configuration")
    totals = tickets.aggregate(
        application=Count("id", filter=~configuration),
        configuration=Count("id", filter=configuration),
        me=Count("id", filter=Q(assignee=user)),
        nobody=Count("id", filter=Q(assignee=None)),
    )
    return {
        "state": dict(tickets.values_list("state").annotate(Count("id")).order_by()),
        "priority": dict(tickets.values_list("activity__priority").annotate(Count("id")).order_by()),
        "type": {name: totals[name] for name in ("application", "configuration")},
        "assigned": {name: totals[name] for name in (MINE, NOBODY)},
    }


def waiting(groups: Sequence[int] | None) -> int:
    """Tickets that nobody has accepted or rejected, for the navigation; up to half a minute old."""
    key = COUNT_KEY if groups is None else f"{COUNT_KEY}:{hashlib.sha256(repr(sorted(groups)).encode()).hexdigest()[:16]}"
    kept: int | None = cache.get(key)
    if kept is None:
        kept = _in(groups).filter(state=Ticket.State.PENDING).count()
        cache.set(key, kept, COUNT_SECONDS)
    return kept


def forget_waiting() -> None:
    """Count anew, after something moved."""
    cache.delete(COUNT_KEY)


def people() -> list[tuple[int, str]]:
    """Who a ticket can be given to; whether they may have it is asked when it is."""
    users = User.objects.filter(is_active=True).order_by("username")[:500]
    return [(user.pk, name_of(user)) for user in users]


def rows_of(tickets: Iterable[Ticket], *, groups: Sequence[int] | None, today: dt.date) -> tuple[QueueRow, ...]:
    """The machines of a row are those of the groups."""
    shown = list(tickets)
    done = queries.progress([ticket.activity_id for ticket in shown], groups)
    return tuple(_row(ticket, done=done.get(ticket.activity_id), today=today) for ticket in shown)


def _row(ticket: Ticket, *, done: tuple[int, int] | None, today: dt.date) -> QueueRow:
    """`done`: machines fixed and targeted; None: in all groups, as the activity keeps them."""
    activity = ticket.activity
    completed = activity.status == Activity.Status.COMPLETED
    settled = completed or ticket.state in (Ticket.State.COMPLETED, Ticket.State.REJECTED)
    labels = dict(STATES)
    return QueueRow(
        id=ticket.pk,
        activity=str(activity.pk),
        name=activity.title,
        type="Configuration" if activity.kind == "configuration" else "Application",
        priority=activity.priority,
        priority_label=activity.get_priority_display(),
        state=ticket.state,
        state_label=labels.get(ticket.state, ticket.get_state_display()),
        source=SOURCE,
        machines=done[1] if done else activity.target_count,
        fixed=done[0] if done else activity.fixed_count,
        created_at=ticket.created_at,
        due_on=activity.due_on,
        due_state=rules.due_state(activity.due_on, today=today, completed=settled),
        due_words=rules.days_left(activity.due_on, today=today) if activity.due_on and not settled else "",
        assignee=name_of(ticket.assignee) if ticket.assignee else "",
        assignee_id=ticket.assignee_id,
        requester=name_of(activity.requested_by),
        mail=activity.requested_by.email if activity.requested_by else "",
        offered=rules.OFFERED.get(ticket.state, ()),
        done=completed,
    )


def _in(groups: Sequence[int] | None) -> QuerySet[Ticket]:
    found = Ticket.objects.filter(provider=builtin.KEY)
    return found if groups is None else found.filter(activity__in=queries.visible(groups))


def _tickets(groups: Sequence[int] | None) -> QuerySet[Ticket]:
    return _in(groups).select_related("activity__requested_by", "assignee")


def _found(state: ListState, user: User, groups: Sequence[int] | None) -> QuerySet[Ticket]:
    found = _tickets(groups).annotate(priority_order=queries.priority_order("activity__priority"))
    if states := state.chosen.get("state"):
        found = found.filter(state__in=states)
    if priorities := state.chosen.get("priority"):
        found = found.filter(activity__priority__in=priorities)
    types = state.chosen.get("type", ())
    if len(types) == 1:
        found = found.filter(activity__kind="configuration") if "configuration" in types else found.exclude(activity__kind="configuration")
    assigned = state.chosen.get("assigned", ())
    if assigned:
        mine = Q(assignee=user) if MINE in assigned else Q(pk__in=())
        found = found.filter(mine | Q(assignee=None) if NOBODY in assigned else mine)
    for word in state.q.split()[:8]:
        found = found.filter(Q(activity__title__icontains=word) | Q(activity__component__icontains=word))
    by = SORTS[state.sort.removeprefix("-")]
    return found.order_by(by.desc(nulls_last=True) if state.sort.startswith("-") else by.asc(nulls_last=True), "-created_at", "-id")
