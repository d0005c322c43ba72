"""The ticket systems that are set up: which are on, and what a call to one needs."""

from __future__ import annotations

import datetime as dt

from core.secrets import Unreadable, decrypt
from remediation import ticketing
from remediation.models import TicketConnection
from remediation.rules import LONGEST_WAIT
from remediation.ticketing import builtin
from remediation.ticketing.base import Connection, Refused

WITHOUT_A_ROW = frozenset({builtin.KEY})  # on unless somebody switched it off


def enabled() -> list[str]:
    """The keys of the systems that take requests, the portal's own queue first."""
    rows = dict(TicketConnection.objects.values_list("system", "enabled"))
    return [key for key in (builtin.KEY, *ticketing.SYSTEMS) if rows.get(key, key in WITHOUT_A_ROW)]


def choices() -> list[tuple[str, str, int | None]]:
    """(key, label, most machines that a ticket names; None: all, or none at all) of the systems that take requests."""
    found = []
    for key in enabled():
        most = ticketing.SYSTEMS[key].most_devices if key in ticketing.SYSTEMS else None
        found.append((key, ticketing.label_of(key), most or None))
    return found


def opened(row: TicketConnection) -> Connection:
    """With its secrets in the clear. Raises Refused where they cannot be read any more."""
    try:
        secrets = {name: decrypt(kept["kept"]) for name, kept in row.secrets.items()}
    except Unreadable as error:
        raise Refused(f"A secret of this connection cannot be read: {error}") from error
    return Connection(values={**row.values, **secrets}, allow_private=row.allow_private)


def pause(system: str, *, seconds: float, now: dt.datetime) -> None:
    """Call it no more for so long, as it asked: a day at most."""
    until = now + dt.timedelta(seconds=min(seconds, LONGEST_WAIT))
    TicketConnection.objects.filter(system=system).update(paused_until=until)


def resume(system: str) -> None:
    TicketConnection.objects.filter(system=system).update(paused_until=None)


def note_error(system: str, sentence: str, *, now: dt.datetime) -> None:
    TicketConnection.objects.filter(system=system).update(last_error=sentence, last_error_at=now)


def note_success(system: str) -> None:
    TicketConnection.objects.filter(system=system).exclude(last_error="").update(last_error="", last_error_at=None)
