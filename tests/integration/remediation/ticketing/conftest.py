"""An organisation with something to ask for, a desk and a receiver that listen, and a clock that is turned by hand."""

from __future__ import annotations

import base64
import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from django.utils import timezone

from core.models import User
from core.secrets import encrypt
from inventory.models import MachineGroup
from recommendations.models import Recommendation
from remediation import actions, outbox, ticketing
from remediation.models import Activity, Delivery, Ticket, TicketConnection
from remediation.ticketing import guard
from tests.integration.remediation.ticketing.receivers import Desk, Server, serving
from tests.populations import populate

SECRET = "whsec_" + base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()


@dataclass
class Clock:
    now: dt.datetime

    def __call__(self) -> dt.datetime:
        return self.now

    def pass_by(self, **parts: float) -> None:
        self.now += dt.timedelta(**parts)


@pytest.fixture
def clock() -> Clock:
    return Clock(timezone.now())


@pytest.fixture
def wanted(db: None, clock: Clock) -> Recommendation:
    populate(machines=14, software=8, weaknesses=3, checks=6, now=clock.now)
    found = Recommendation.objects.filter(present=True, kind="update", stats__exposed__gt=3).first()
    assert found is not None
    return found


@pytest.fixture
def desk() -> Iterator[Server]:
    with serving(by_id=False) as server:
        yield server


@pytest.fixture
def receiver() -> Iterator[Server]:
    with serving(by_id=True) as server:
        yield server


@pytest.fixture
def desk_on(db: None, desk: Server, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> TicketConnection:
    monkeypatch.setitem(ticketing.SYSTEMS, "desk", Desk())
    return connect("desk", {"url": desk.url}, {"token": "t"}, now=clock.now)


@pytest.fixture
def webhook_on(db: None, receiver: Server, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> TicketConnection:
    monkeypatch.setattr(guard, "WAIT", 0.3)
    defaults = guard.client.__kwdefaults__
    assert defaults is not None
    monkeypatch.setattr(guard.client, "__kwdefaults__", defaults | {"timeout": 0.3})
    return connect("webhook", {"url": f"{receiver.url}/hook"}, {"secret": SECRET}, now=clock.now)


def connect(system: str, values: dict[str, str], secrets: dict[str, str], *, now: dt.datetime) -> TicketConnection:
    kept = {name: {"kept": encrypt(text), "at": now.isoformat()} for name, text in secrets.items()}
    return TicketConnection.objects.create(system=system, enabled=True, values=values, secrets=kept, allow_private=True, updated_at=now)


def ask(wanted: Recommendation, by: User, clock: Clock, *systems: str) -> Activity:
    groups = list(MachineGroup.objects.values_list("pk", flat=True))
    return actions.request_remediation(
        recommendation=wanted, group_ids=groups, priority="high", notes="At night.", systems=systems, by=by, now=clock.now
    )


def work(clock: Clock, *, days: float = 8) -> None:
    """Turn the clock until nothing waits, or the days are over."""
    end = clock.now + dt.timedelta(days=days)
    while clock.now < end:
        outbox.deliver_due(clock=clock)
        waiting = Delivery.objects.filter(state="waiting").order_by("due_at").first()
        if waiting is None:
            return
        paused = TicketConnection.objects.filter(paused_until__gt=clock.now).order_by("-paused_until").first()
        times = [waiting.due_at, waiting.leased_until, paused.paused_until if paused else None]
        clock.now = max(time for time in (*times, clock.now + dt.timedelta(seconds=1)) if time)


def ticket_of(activity: Activity, provider: str) -> Ticket:
    return Ticket.objects.get(activity=activity, provider=provider)
