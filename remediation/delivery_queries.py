"""Deliveries as the settings show them: what waits, what failed, what arrived."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, F, Func, IntegerField, Q, QuerySet

from core.lists import Column, Facet, ListSpec, ListState
from remediation import ticketing
from remediation.models import Delivery
from remediation.ticket_queries import Sent, sent_of

SORTS: dict[str, Any] = {
    "created": F("created_at"),
    "due": F("due_at"),
    "tries": Func(F("attempts"), function="jsonb_array_length", output_field=IntegerField()),
}


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    id: int
    key: str
    system: str
    label: str
    title: str
    activity: str
    external_id: str
    created_at: dt.datetime
    ended_at: dt.datetime | None
    sent: Sent

    @property
    def last(self) -> str:
        """What the last attempt said."""
        return self.sent.attempts[0].sentence if self.sent.attempts else ""


def spec() -> ListSpec:
    """The list; its systems are those that this portal knows."""
    return ListSpec(
        columns=(
            Column("title", "Activity", fixed=True),
            Column("system", "System"),
            Column("what", "What"),
            Column("state", "State", fixed=True),
            Column("tries", "Tries", sort="-", numeric=True),
            Column("due", "Next try", sort="+"),
            Column("created", "Created", sort="-"),
            Column("last", "Last answer"),
        ),
        sort="-created",
        facets=(
            Facet("state", "State", tuple(Delivery.State.choices)),
            Facet("system", "System", tuple((key, system.label) for key, system in ticketing.SYSTEMS.items())),
            Facet("verb", "What", tuple(Delivery.Verb.choices)),
        ),
    )


def page(state: ListState) -> tuple[int, tuple[DeliveryRow, ...]]:
    """How many fit, and a page of them."""
    found = _found(state)
    total = found.count()
    return total, tuple(_row(delivery) for delivery in found[state.part(total)])


def every(state: ListState) -> Iterator[DeliveryRow]:
    """All that fit, for an export."""
    return (_row(delivery) for delivery in _found(state).iterator(chunk_size=500))


def failed(state: ListState) -> QuerySet[Delivery]:
    """Those of the list that failed."""
    return _found(state).filter(state=Delivery.State.FAILED)


def counts() -> dict[str, dict[str, int]]:
    """facet -> value -> how many, whatever else is chosen."""
    named = {"state": "state", "system": "ticket__provider", "verb": "verb"}
    return {
        name: {str(value): count for value, count in Delivery.objects.values_list(field).annotate(Count("id")).order_by()}
        for name, field in named.items()
    }


def _found(state: ListState) -> QuerySet[Delivery]:
    found = Delivery.objects.select_related("ticket__activity").defer("payload")
    for name, field in (("state", "state"), ("system", "ticket__provider"), ("verb", "verb")):
        if values := state.chosen.get(name):
            found = found.filter(**{f"{field}__in": values})
    for word in state.q.split()[:8]:
        found = found.filter(Q(ticket__activity__title__icontains=word) | Q(ticket__external_id__icontains=word))
    by = SORTS[state.sort.removeprefix("-")]
    return found.order_by(by.desc() if state.sort.startswith("-") else by.asc(), "-id")


def _row(delivery: Delivery) -> DeliveryRow:
    ticket = delivery.ticket
    return DeliveryRow(
        id=delivery.pk,
        key=str(delivery.key),
        system=ticket.provider,
        label=ticketing.label_of(ticket.provider),
        title=ticket.activity.title,
        activity=str(ticket.activity_id),
        external_id=ticket.external_id,
        created_at=delivery.created_at,
        ended_at=delivery.ended_at,
        sent=sent_of(delivery),
    )
