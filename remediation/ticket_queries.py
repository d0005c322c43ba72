"""Tickets as an activity and the list of activities show them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import Prefetch

from remediation import connections, ticketing
from remediation.models import Activity, Delivery, Ticket, TicketNote
from remediation.ticketing import builtin

OUTCOMES = {
    "": "Under way",
    "done": "Delivered",
    "found": "Made earlier",
    "later": "Later again",
    "unsure": "No answer",
    "refused": "Refused",
    "gone": "No more",
    "stopped": "Broken off",
}
ATTEMPTS_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Mark:
    """A ticket in a word: Pending approval (Intune). `tone`: active, part, done, late or none. `cut`: 10,000 of 12,345 machines."""

    provider: str
    label: str
    state: str
    words: str
    tone: str
    icon: str
    cut: str


@dataclass(frozen=True, slots=True)
class Attempt:
    number: int
    started: dt.datetime
    outcome: str
    words: str
    sentence: str
    due: dt.datetime | None


@dataclass(frozen=True, slots=True)
class Sent:
    """A delivery with its last attempts, the newest first."""

    id: int
    what: str
    state: str
    state_label: str
    due_at: dt.datetime
    tries: int
    attempts: tuple[Attempt, ...]
    may_again: bool


@dataclass(frozen=True, slots=True)
class Shown:
    """A ticket on the page of its activity. `queue`: it is one of the portal's own."""

    id: int
    mark: Mark
    external_id: str
    url: str
    queue: bool
    said: str
    error: str
    assignee: str
    waiting_for_data: bool
    is_off: bool
    can_be_read: bool
    read_at: dt.datetime | None
    notes: tuple[TicketNote, ...]
    deliveries: tuple[Sent, ...]


def marks(tickets: Iterable[Ticket], *, completed: bool) -> tuple[Mark, ...]:
    """Of one activity, from its prefetched tickets."""
    return tuple(mark_of(ticket, completed=completed) for ticket in sorted(tickets, key=lambda ticket: ticket.pk))


def mark_of(ticket: Ticket, *, completed: bool) -> Mark:
    tones = {"creating": "", "pending": "part", "accepted": "active", "rejected": "late", "completed": "done", "failed": "late"}
    icons = {"rejected": "x", "completed": "check", "failed": "warn", "creating": "time", "pending": "time"}
    label = ticketing.label_of(ticket.provider)
    state = ticket.get_state_display()
    if ticket.state == Ticket.State.COMPLETED and not completed:
        state = "Completed by IT, waiting for data"
    return Mark(ticket.provider, label, ticket.state, f"{state} ({label})", tones[ticket.state], icons.get(ticket.state, ""), _cut(ticket))


def of_activity(activity: Activity) -> tuple[Shown, ...]:
    """Its tickets with what was said and every delivery. Four statements whatever there is."""
    tickets = (
        activity.tickets.select_related("assignee")
        .prefetch_related(
            Prefetch("conversation", TicketNote.objects.order_by("at", "id")),
            Prefetch("deliveries", Delivery.objects.defer("payload").order_by("-id")),
        )
        .order_by("id")
    )
    on = set(connections.enabled())
    completed = activity.status == Activity.Status.COMPLETED
    return tuple(_shown(ticket, on=ticket.provider in on, completed=completed) for ticket in tickets)


def may_be_opened(activity: Activity, shown: Sequence[Shown]) -> list[tuple[str, str, int | None]]:
    """Systems that are on and have no ticket of it yet."""
    taken = {ticket.mark.provider for ticket in shown}
    return [] if activity.status == Activity.Status.COMPLETED else [choice for choice in connections.choices() if choice[0] not in taken]


def sent_of(delivery: Delivery) -> Sent:
    numbered = [_attempt(number, entry) for number, entry in enumerate(delivery.attempts, 1)]
    return Sent(
        id=delivery.pk,
        what=delivery.get_verb_display(),
        state=delivery.state,
        state_label=delivery.get_state_display(),
        due_at=delivery.due_at,
        tries=len(delivery.attempts),
        attempts=tuple(numbered[: -ATTEMPTS_SHOWN - 1 : -1]),
        may_again=delivery.state != Delivery.State.DONE,
    )


def _cut(ticket: Ticket) -> str:
    """10,000 of 12,345 machines; empty where the ticket names all."""
    total = ticket.activity.target_count
    return "" if ticket.sent_count is None or ticket.sent_count >= total else f"{ticket.sent_count:,} of {total:,} machines"


def _shown(ticket: Ticket, *, on: bool, completed: bool) -> Shown:
    system = ticketing.SYSTEMS.get(ticket.provider)
    queue = ticket.provider == builtin.KEY
    return Shown(
        id=ticket.pk,
        mark=mark_of(ticket, completed=completed),
        external_id="" if queue or ticket.external_id == str(ticket.key) else ticket.external_id,
        url=ticket.url,
        queue=queue,
        said=ticket.said,
        error=ticket.error,
        assignee=ticket.assignee.get_username() if ticket.assignee else "",
        waiting_for_data=ticket.state == Ticket.State.COMPLETED and not completed,
        is_off=not on,
        can_be_read=bool(system and system.reads_back and ticket.external_id),
        read_at=ticket.read_at,
        notes=tuple(ticket.conversation.all()),
        deliveries=tuple(sent_of(delivery) for delivery in ticket.deliveries.all()),
    )


def _attempt(number: int, entry: dict[str, str | None]) -> Attempt:
    started, outcome = entry["started"], entry["outcome"] or ""
    assert started is not None
    return Attempt(
        number=number,
        started=dt.datetime.fromisoformat(started),
        outcome=outcome,
        words=OUTCOMES.get(outcome, outcome),
        sentence=entry["sentence"] or "",
        due=dt.datetime.fromisoformat(entry["next"]) if entry["next"] else None,
    )
