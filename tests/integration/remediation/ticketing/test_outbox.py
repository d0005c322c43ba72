"""Never lost, never twice: the outbox against systems that misbehave over real HTTP."""

from __future__ import annotations

import datetime as dt
import itertools
import random
import threading
from typing import Any

import pytest
from django.db import connection, transaction

from core.models import AuditEvent, User
from recommendations.models import Recommendation
from remediation import actions, outbox, rules, ticket_actions, ticket_reading, ticketing
from remediation.errors import NotConnected, NothingToSend
from remediation.models import Activity, Delivery, Ticket, TicketConnection
from remediation.ticketing import builtin
from tests.integration.remediation.ticketing.conftest import Clock, ask, ticket_of, work
from tests.integration.remediation.ticketing.receivers import Desk, Server

pytestmark = pytest.mark.django_db


def test_a_request_becomes_a_ticket(wanted: Recommendation, desk: Server, desk_on: TicketConnection, curator: User, clock: Clock) -> None:
    activity = ask(wanted, curator, clock, "desk", builtin.KEY)
    ticket = ticket_of(activity, "desk")
    assert ticket.state == "creating"
    assert ticket_of(activity, builtin.KEY).state == "pending"  # the portal's own is made with the request
    work(clock)
    ticket.refresh_from_db()
    assert (ticket.state, ticket.external_id, ticket.url) == ("pending", "D-1", "https://desk.example.org/D-1")
    assert desk.made == [str(ticket.key)]
    assert len(desk.received) == 1  # the very first attempt need not look for it
    assert AuditEvent.objects.filter(action="ticket.open").count() == 2


def test_nothing_is_made_of_a_request_that_is_undone(
    wanted: Recommendation, desk_on: TicketConnection, curator: User, clock: Clock
) -> None:
    with pytest.raises(NotConnected), transaction.atomic():
        ask(wanted, curator, clock, "desk", "webhook")
    assert not Activity.objects.exists()
    assert not Delivery.objects.exists()


def test_too_many_machines_are_cut_to_the_most_exposed_and_stay_the_same(
    wanted: Recommendation, desk: Server, desk_on: TicketConnection, curator: User, clock: Clock
) -> None:
    activity = ask(wanted, curator, clock, "desk")
    targets = activity.targets.select_related("machine__score")
    best = sorted(targets, key=lambda target: (-target.machine.score.score, target.machine_id))[:3]
    desk.faults.append(503)
    outbox.deliver_due(clock=clock)
    for target in targets:
        type(target.machine.score).objects.filter(pk=target.machine_id).update(score=target.machine_id)
    work(clock)
    (made,) = desk.tickets.values()
    assert made["devices"] == [target.machine_id for target in best]
    assert made["of"] == activity.target_count > 3
    assert ticket_of(activity, "desk").sent_count == 3


FAULTS = [
    ("late", 1),  # done, the answer came too late
    ("closed", 1),
    ("garbage", 1),
    ("dropped", 1),
    (500, 1),
    ((429, {"Retry-After": "1000"}), 1),
]


@pytest.mark.parametrize(("fault", "made"), FAULTS, ids=str)
def test_after_a_fault_there_is_one_ticket(
    fault: Any, made: int, wanted: Recommendation, desk: Server, desk_on: TicketConnection, curator: User, clock: Clock
) -> None:
    desk.faults.append(fault)
    activity = ask(wanted, curator, clock, "desk")
    outbox.deliver_due(clock=clock)
    delivery = Delivery.objects.get()
    assert delivery.state == "waiting"
    assert delivery.attempts[0]["sentence"]
    work(clock)
    delivery.refresh_from_db()
    assert delivery.state == "done"
    assert len(desk.made) == made
    assert ticket_of(activity, "desk").state == "pending"
    assert delivery.attempts[-1]["outcome"] == ("found" if fault in ("late", "closed", "garbage") else "done")


def test_a_wait_that_is_asked_for_holds_for_everything_of_the_system(
    wanted: Recommendation, desk: Server, desk_on: TicketConnection, curator: User, clock: Clock
) -> None:
    desk.faults.append((429, {"Retry-After": "1000"}))
    ask(wanted, curator, clock, "desk")
    outbox.deliver_due(clock=clock)
    began = clock.now
    ask(wanted, curator, clock, "desk")
    clock.pass_by(seconds=990)
    assert outbox.deliver_due(clock=clock) == 0
    work(clock)
    assert clock.now >= began + dt.timedelta(seconds=1000)
    assert len(desk.made) == len(set(desk.made)) == 2


def test_what_is_refused_fails_at_once_and_can_be_sent_again(
    wanted: Recommendation, desk: Server, desk_on: TicketConnection, curator: User, clock: Clock
) -> None:
    desk.faults.append(401)
    activity = ask(wanted, curator, clock, "desk")
    outbox.deliver_due(clock=clock)
    ticket, delivery = ticket_of(activity, "desk"), Delivery.objects.get()
    assert (ticket.state, delivery.state) == ("failed", "failed")
    assert "401" in ticket.error
    assert "401" in TicketConnection.objects.get(system="desk").last_error
    ticket_actions.send_again(delivery=delivery, by=curator, now=clock.now)
    work(clock)
    ticket.refresh_from_db()
    assert (ticket.state, ticket.error) == ("pending", "")
    assert TicketConnection.objects.get(system="desk").last_error == ""
    with pytest.raises(NothingToSend):
        ticket_actions.send_again(delivery=delivery, by=curator, now=clock.now)


def test_tries_come_later_and_later_until_it_is_given_up(
    wanted: Recommendation, desk: Server, desk_on: TicketConnection, curator: User, clock: Clock
) -> None:
    desk.faults.extend([500] * 100)
    activity = ask(wanted, curator, clock, "desk")
    work(clock)
    delivery = Delivery.objects.get()
    assert delivery.state == "failed"
    assert len(delivery.attempts) == len(rules.DELAYS)
    assert "Given up after 10 tries" in ticket_of(activity, "desk").error
    starts = [dt.datetime.fromisoformat(entry["started"]) for entry in delivery.attempts]
    waits = [(later - earlier).total_seconds() for earlier, later in itertools.pairwise(starts)]
    for wait, delay in zip(waits, rules.DELAYS[1:], strict=True):
        assert delay * rules.SPREAD[0] - 1 <= wait <= delay * rules.SPREAD[1] + 2


def test_a_worker_that_dies_between_call_and_answer_loses_and_doubles_nothing(
    wanted: Recommendation, desk: Server, desk_on: TicketConnection, curator: User, clock: Clock
) -> None:
    for dies in ("before", "after"):
        activity = ask(wanted, curator, clock, "desk")
        claim = outbox.take(now=clock.now)
        assert claim is not None
        if dies == "after":
            assert outbox.attempt(claim).good  # the desk has it, nobody wrote that down
        assert outbox.take(now=clock.now) is None  # leased: nobody else takes it
        clock.pass_by(seconds=outbox.LEASE.total_seconds() + 1)
        assert outbox.deliver_due(clock=clock) == 1
        delivery = Delivery.objects.get(ticket__activity=activity)
        assert [entry["outcome"] for entry in delivery.attempts] == ["stopped", "found" if dies == "after" else "done"]
        outbox.settle(claim, outbox.Result("refused", "Too late."), now=clock.now)  # the dead one comes back: its word counts no more
        assert ticket_of(activity, "desk").state == "pending"
    assert len(desk.made) == len(set(desk.made)) == 2


def test_a_system_that_is_off_keeps_its_deliveries(
    wanted: Recommendation, desk: Server, desk_on: TicketConnection, curator: User, clock: Clock
) -> None:
    ask(wanted, curator, clock, "desk")
    TicketConnection.objects.update(enabled=False)
    assert outbox.deliver_due(clock=clock) == 0
    TicketConnection.objects.update(enabled=True)
    assert outbox.deliver_due(clock=clock) == 1
    assert len(desk.made) == 1


def test_a_fault_of_our_own_is_kept_and_tried_again(
    wanted: Recommendation, desk: Server, desk_on: TicketConnection, curator: User, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = type("Broken", (type(ticketing.SYSTEMS["desk"]),), {"create": lambda *_: 1 / 0})()
    monkeypatch.setitem(ticketing.SYSTEMS, "desk", broken)
    ask(wanted, curator, clock, "desk")
    outbox.deliver_due(clock=clock)
    assert "ZeroDivisionError" in Delivery.objects.get().attempts[0]["sentence"]


def test_completing_and_reopening_is_told_in_order(
    wanted: Recommendation, desk: Server, desk_on: TicketConnection, curator: User, clock: Clock
) -> None:
    desk.faults.append(500)  # the creation itself has to be tried again first
    activity = ask(wanted, curator, clock, "desk")
    outbox.deliver_due(clock=clock)
    actions.complete_activity(activity=activity, by=curator, now=clock.now)
    actions.reopen_activity(activity=activity, by=curator, now=clock.now)
    ticket_actions.say(ticket=ticket_of(activity, "desk"), text="Is it done?", by=curator, now=clock.now)
    work(clock)
    (ticket,) = desk.tickets.values()
    assert [told["event"] for told in ticket["told"]] == ["completed", "reopened", "noted"]
    assert "Is it done?" in ticket["told"][-1]["note"]


def test_states_and_notes_come_back(wanted: Recommendation, desk: Server, desk_on: TicketConnection, curator: User, clock: Clock) -> None:
    activity = ask(wanted, curator, clock, "desk")
    work(clock)
    desk.tickets["D-1"] |= {"state": "accepted", "notes": "We do it on Friday."}
    assert ticket_reading.read_due(now=clock.now) == 0  # not due yet
    clock.pass_by(minutes=3)
    assert ticket_reading.read_due(now=clock.now) == 1
    ticket = ticket_of(activity, "desk")
    assert (ticket.state, ticket.said) == ("accepted", "Accepted")
    desk.tickets["D-1"] |= {"state": "completed", "notes": "We do it on Friday.\nDone."}
    clock.pass_by(hours=1)
    ticket_reading.read_due(now=clock.now)
    texts = list(ticket.conversation.filter(side="theirs").order_by("id").values_list("text", flat=True))
    assert texts == ["We do it on Friday.", "Done."]
    activity.refresh_from_db()
    assert activity.status == "active"  # IT's word does not complete it; its machines do


def test_a_state_that_cannot_be_read_is_said_and_asked_for_later(
    wanted: Recommendation, desk: Server, desk_on: TicketConnection, curator: User, clock: Clock
) -> None:
    activity = ask(wanted, curator, clock, "desk")
    work(clock)
    clock.pass_by(minutes=3)
    desk.faults.extend([500, (429, {"Retry-After": "7200"})])
    assert ticket_reading.read_due(now=clock.now) == 0
    ticket = ticket_of(activity, "desk")
    assert ticket.error
    assert ticket.state == "pending"
    clock.pass_by(minutes=10)
    ticket_reading.read_due(now=clock.now)
    clock.pass_by(minutes=60)
    assert ticket_reading.read_due(now=clock.now) == 0
    clock.pass_by(minutes=70)
    assert ticket_reading.read_due(now=clock.now) == 1
    assert ticket_of(activity, "desk").error == ""
    assert TicketConnection.objects.get(system="desk").last_error == ""


@pytest.mark.parametrize("seed", range(6))
def test_never_lost_never_twice(
    seed: int, wanted: Recommendation, desk: Server, desk_on: TicketConnection, receiver: Server, webhook_on: TicketConnection,
    curator: User, clock: Clock, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Whatever happens on the way, in whatever order: one ticket a key in the end, on both sides."""
    chance = random.Random(seed)
    monkeypatch.setattr("tests.integration.remediation.ticketing.receivers.Desk.timeout", 0.15)
    desk.after = receiver.after = 0.3
    kinds = ["ok", "late", "closed", "garbage", "dropped", 500, 503, (429, {"Retry-After": "30"}), "dies before", "dies after"]
    activities = [ask(wanted, curator, clock, "desk", "webhook") for _ in range(3)]
    for _ in range(10):
        kind = chance.choice(kinds)
        if kind in ("dies before", "dies after"):
            claim = outbox.take(now=clock.now)
            if claim and kind == "dies after":
                outbox.attempt(claim)
        else:
            for server in (desk, receiver):
                server.faults.append(kind)
            outbox.deliver_due(clock=clock)
        clock.pass_by(seconds=chance.choice([1, 10, 400, 700]))
    for server in (desk, receiver):
        server.faults.clear()
    work(clock, days=30)
    for activity in activities:
        for provider in ("desk", "webhook"):
            assert ticket_of(activity, provider).state == "pending", (activity, provider)
    keys = {provider: {str(ticket.key) for ticket in Ticket.objects.filter(provider=provider)} for provider in ("desk", "webhook")}
    assert sorted(desk.made) == sorted(keys["desk"])
    assert sorted(receiver.made) == sorted(keys["webhook"])


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_share_the_work(
    wanted: Recommendation, desk: Server, desk_on: TicketConnection, curator: User, clock: Clock
) -> None:
    for _ in range(12):
        ask(wanted, curator, clock, "desk")
    counts: list[int] = []

    def run() -> None:
        counts.append(outbox.deliver_due(clock=clock))
        connection.close()

    workers = [threading.Thread(target=run) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert sum(counts) == 12
    assert len(desk.made) == len(set(desk.made)) == 12
    assert {len(delivery.attempts) for delivery in Delivery.objects.all()} == {1}


def test_a_system_that_finds_late_is_not_believed_too_early(
    wanted: Recommendation, desk: Server, desk_on: TicketConnection, curator: User, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its index lags behind: what was made a moment ago is not found."""
    lagging = Desk()
    lagging.look_up_after = 60.0
    monkeypatch.setitem(ticketing.SYSTEMS, "desk", lagging)
    desk.faults.append("closed")  # made, and nobody hears of it
    ask(wanted, curator, clock, "desk")
    outbox.deliver_due(clock=clock)
    delivery = Delivery.objects.get()
    assert delivery.due_at >= clock.now + dt.timedelta(seconds=60)
    hidden, desk.tickets = desk.tickets, {}
    ticket_actions.send_again(delivery=delivery, by=curator, now=clock.now)  # somebody is impatient
    outbox.deliver_due(clock=clock)
    delivery.refresh_from_db()
    assert delivery.state == "waiting"
    desk.tickets = hidden
    work(clock)
    delivery.refresh_from_db()
    assert delivery.attempts[-1]["outcome"] == "found"
    assert len(desk.made) == 1


def test_a_late_looking_makes_nothing(
    wanted: Recommendation, desk: Server, desk_on: TicketConnection, curator: User, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker that was held up for long while looking leaves the making to the next attempt."""
    monkeypatch.setattr(outbox, "LATEST_CREATE", -1.0)
    ask(wanted, curator, clock, "desk")
    claim = outbox.take(now=clock.now)
    assert claim is not None
    assert outbox.attempt(claim).outcome == "later"
    assert desk.made == []
