"""Asking the systems how their tickets stand: a few at a time, seldom where nothing happens, later where it does not work."""

from __future__ import annotations

import datetime as dt
import logging
from concurrent.futures import ThreadPoolExecutor

from django.db import transaction

from remediation import connections, rules, ticket_actions, ticketing
from remediation.models import Ticket, TicketConnection
from remediation.ticketing.base import Connection, Reading, Refused, TicketingError, TryLater

AT_ONCE = 4
MOST = 100  # tickets of one run
HELD = dt.timedelta(minutes=15)  # by a run that may have been killed

_log = logging.getLogger(__name__)


def read_due(*, now: dt.datetime, most: int = MOST) -> int:
    """Read the tickets whose time has come. Returns how many were read."""
    reachable = _reachable(now)
    taken = _take(list(reachable), now=now, most=most)
    if not taken:
        return 0
    with ThreadPoolExecutor(AT_ONCE) as threads:
        answers = list(threads.map(lambda ticket: _ask(ticket, reachable[ticket.provider]), taken))
    for ticket, answer in zip(taken, answers, strict=True):
        _settle(ticket, answer, now=now)
    return sum(isinstance(answer, Reading) for answer in answers)


def _reachable(now: dt.datetime) -> dict[str, Connection | Refused]:
    """The systems that are on, can be asked, and want no pause."""
    found: dict[str, Connection | Refused] = {}
    for row in TicketConnection.objects.filter(enabled=True):
        system = ticketing.SYSTEMS.get(row.system)
        if system is None or not system.reads_back or (row.paused_until and row.paused_until > now):
            continue
        try:
            found[row.system] = connections.opened(row)
        except Refused as error:
            found[row.system] = error
    return found


def _take(providers: list[str], *, now: dt.datetime, most: int) -> list[Ticket]:
    with transaction.atomic():
        due = Ticket.objects.filter(provider__in=providers, next_read_at__lte=now).exclude(external_id="")
        taken = list(due.order_by("next_read_at", "id").select_for_update(skip_locked=True)[:most])
        Ticket.objects.filter(pk__in=[ticket.pk for ticket in taken]).update(next_read_at=now + HELD)
    return taken


def _ask(ticket: Ticket, connection: Connection | Refused) -> Reading | TicketingError:
    """Runs in a thread: no database here."""
    if isinstance(connection, Refused):
        return connection
    try:
        return ticketing.SYSTEMS[ticket.provider].read(connection, ticket.external_id)
    except TicketingError as error:
        return error
    except Exception as error:  # noqa: BLE001 - what is wrong in a system's code must not hold up the others
        _log.exception("ticket %s", ticket.key)
        return TryLater(f"The portal met an error of its own ({type(error).__name__}); its log says more.")


def _settle(ticket: Ticket, answer: Reading | TicketingError, *, now: dt.datetime) -> None:
    if isinstance(answer, Reading):
        connections.note_success(ticket.provider)
        ticket = ticket_actions.receive(ticket=ticket, reading=answer, now=now)
        delay = rules.read_delay(ticket.state, age=now - ticket.created_at, since=now - ticket.updated_at)
        due = None if delay is None else now + dt.timedelta(seconds=delay)
        Ticket.objects.filter(pk=ticket.pk).update(next_read_at=due)
        return
    wait = answer.wait if isinstance(answer, TryLater) else None
    tries = min(ticket.read_tries + 1, 100)
    delay = rules.reread_delay(min(tries, 20), refused=isinstance(answer, Refused), wait=wait)
    due = now + dt.timedelta(seconds=delay)
    Ticket.objects.filter(pk=ticket.pk).update(next_read_at=due, read_tries=tries, error=str(answer))
    connections.note_error(ticket.provider, str(answer), now=now)
    if wait:
        connections.pause(ticket.provider, seconds=wait, now=now)
