"""The outbox with the real clients: from a request to a ticket over there, and back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from core.models import User
from inventory.models import Machine
from recommendations.models import Recommendation
from remediation import outbox, ticket_actions, ticket_reading, ticketing
from remediation.models import Delivery
from remediation.ticketing import http, tokens
from tests.fakes.server import Fault
from tests.integration.remediation.ticketing.clients.sides import NAMES, Side, side
from tests.integration.remediation.ticketing.conftest import Clock, ask, connect, ticket_of, work

pytestmark = pytest.mark.django_db


@pytest.fixture(params=NAMES)
def there(request: pytest.FixtureRequest, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Side]:
    """Each system in turn, connected as the settings do it."""
    monkeypatch.setattr(http, "SECONDS", 0.6)
    tokens.forget()
    with side(request.param) as made:
        hidden = {field.name for field in made.system.fields if field.kind == "secret"}
        values = dict(made.connection.values)
        secrets = {name: values.pop(name) for name in hidden & values.keys() if values[name]}
        connect(made.system.key, values, secrets, now=clock.now)
        yield made


@pytest.fixture
def _known(there: Side, wanted: Recommendation) -> None:
    if there.name == "intune":
        for name in Machine.objects.values_list("name", flat=True):
            there.server.add_device(name)


@pytest.mark.usefixtures("_known")
def test_a_request_goes_there_and_comes_back(there: Side, wanted: Recommendation, curator: User, clock: Clock) -> None:
    activity = ask(wanted, curator, clock, there.system.key)
    work(clock)
    ticket = ticket_of(activity, there.system.key)
    assert (ticket.state, [ticket.external_id]) == ("pending", there.tickets())
    there.reject(ticket.external_id, "Not these.")
    clock.pass_by(hours=3)
    assert ticket_reading.read_due(now=clock.now) == 1
    ticket.refresh_from_db()
    assert ticket.state == "rejected"


@pytest.mark.usefixtures("_known")
def test_an_uncertain_attempt_waits_until_the_other_side_can_tell(there: Side, wanted: Recommendation, curator: User, clock: Clock) -> None:
    there.server.faults.append(Fault("close", after=True, on=there.making))
    if there.system.key == "jira":
        there.server.lag = 3_600
    ask(wanted, curator, clock, there.system.key)
    outbox.deliver_due(clock=clock)
    delivery = Delivery.objects.get()
    asked_for = ticketing.SYSTEMS[there.system.key].look_up_after
    assert (delivery.due_at - clock.now).total_seconds() >= asked_for
    clock.pass_by(seconds=asked_for / 2)
    ticket_actions.send_again(delivery=delivery, by=curator, now=clock.now)  # somebody is impatient
    outbox.deliver_due(clock=clock)
    assert len(there.tickets()) == 1
    if there.system.key == "jira":
        there.server.index()
    work(clock)
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts[-1]["outcome"]) == ("done", "found")
    assert len(there.tickets()) == 1
