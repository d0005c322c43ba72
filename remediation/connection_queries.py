"""Ticket systems as the settings show them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db.models import Count, Q

from remediation import connection_actions, ticketing
from remediation.models import Delivery, Ticket, TicketConnection
from remediation.ticketing import builtin


@dataclass(frozen=True, slots=True)
class Card:
    """A system. `state`: on, off, wrong (on, but the last call went wrong) or stopped (switched off by the other side); `words` says it."""

    system: str
    label: str
    about: str
    enabled: bool
    state: str
    words: str
    waiting: int
    failed: int
    tickets: int
    has_page: bool
    ready: bool


@dataclass(frozen=True, slots=True)
class Secret:
    """A kept secret: since when, and whether the one before still holds."""

    name: str
    label: str
    generated: bool
    since: dt.datetime | None
    before: bool


def cards() -> list[Card]:
    rows = {row.system: row for row in TicketConnection.objects.all()}
    waiting, failed = Q(state=Delivery.State.WAITING), Q(state=Delivery.State.FAILED)
    counts = {
        name: (waits, lost)
        for name, waits, lost in Delivery.objects.filter(waiting | failed)
        .values_list("ticket__provider")
        .annotate(waits=Count("id", filter=waiting), lost=Count("id", filter=failed))
        .order_by()
    }
    tickets = dict(Ticket.objects.values_list("provider").annotate(Count("id")).order_by())
    known = [(builtin.KEY, builtin.LABEL, builtin.ABOUT)]
    known += [(system.key, system.label, system.about) for system in ticketing.SYSTEMS.values()]
    return [_card(*system, rows.get(system[0]), counts.get(system[0], (0, 0)), tickets.get(system[0], 0)) for system in known]


def one(system: str) -> Card | None:
    return next((card for card in cards() if card.system == system), None)


def secrets_of(system: str, row: TicketConnection | None) -> list[Secret]:
    """The secrets of a system, and the one that its messages to us are signed with."""
    kept = row.secrets if row else {}
    names = [(field.name, field.label, field.generated) for field in ticketing.SYSTEMS[system].fields if field.kind == "secret"]
    names.append((connection_actions.INBOUND, "Secret of messages to the portal", True))
    return [
        Secret(
            name,
            label,
            generated,
            dt.datetime.fromisoformat(kept[name]["at"]) if name in kept else None,
            name + connection_actions.BEFORE in kept,
        )
        for name, label, generated in names
    ]


def _card(system: str, label: str, about: str, row: TicketConnection | None, counts: tuple[int, int], tickets: int) -> Card:
    local = system == builtin.KEY
    enabled = row.enabled if row else local
    state, words = ("on", "On") if enabled else ("off", "Off")
    if row and row.disabled_reason and not enabled:
        state, words = "stopped", f"Switched off: {row.disabled_reason}"
    elif row and row.last_error and enabled:
        state, words = "wrong", f"On. The last call went wrong: {row.last_error}"
    ready = local or bool(row and not connection_actions.lacking(row))
    return Card(system, label, about, enabled, state, words, *counts, tickets, not local, ready)
