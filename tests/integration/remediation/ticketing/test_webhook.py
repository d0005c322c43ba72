"""Signed messages out, by Standard Webhooks: what is sent, and what becomes of each answer."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
from email.utils import format_datetime
from typing import Any

import pytest
from standardwebhooks import Webhook as Checker
from standardwebhooks import WebhookVerificationError

from core.models import AuditEvent, User
from core.secrets import encrypt
from recommendations.models import Recommendation
from remediation import actions, outbox
from remediation.models import Delivery, Ticket, TicketConnection
from remediation.ticketing.base import Connection
from remediation.ticketing.http import asked_to_wait
from remediation.ticketing.webhook import LARGEST, Webhook
from tests.integration.remediation.ticketing.conftest import SECRET, Clock, ask, ticket_of, work
from tests.integration.remediation.ticketing.receivers import Server

pytestmark = pytest.mark.django_db
NEW = "whsec_" + base64.b64encode(b"fedcba9876543210fedcba9876543210").decode()


def test_a_message_is_signed_small_and_says_what_is_asked(
    wanted: Recommendation, receiver: Server, webhook_on: TicketConnection, curator: User, clock: Clock
) -> None:
    activity = ask(wanted, curator, clock, "webhook")
    work(clock)
    (got,) = receiver.received
    ticket = ticket_of(activity, "webhook")
    assert got.headers["webhook-id"] == str(ticket.key)
    assert (ticket.state, ticket.external_id) == ("pending", "T-1")
    assert ticket.url == "https://desk.example.org/T-1"
    message = Checker(SECRET).verify(got.body, dict(got.headers))
    assert message["type"] == "remediation.created"
    data = message["data"]
    assert (data["title"], data["machines"], data["notes"]) == (activity.title, activity.target_count, "At night.")
    assert data["address"].endswith(f"/remediation/{activity.pk}/")
    assert len(got.body) < LARGEST
    assert got.headers["x-hub-signature-256"] == "sha256=" + hmac.new(SECRET.encode(), got.body, hashlib.sha256).hexdigest()
    with pytest.raises(WebhookVerificationError):
        Checker(SECRET).verify(got.body + b" ", dict(got.headers))
    late = dict(got.headers) | {"webhook-timestamp": str(int(got.headers["webhook-timestamp"]) - 400)}
    with pytest.raises(WebhookVerificationError):
        Checker(SECRET).verify(got.body, late)


def test_the_longest_text_in_any_script_stays_below_the_limit(
    wanted: Recommendation, receiver: Server, webhook_on: TicketConnection, curator: User, clock: Clock
) -> None:
    activity = ask(wanted, curator, clock, "webhook")
    type(activity).objects.filter(pk=activity.pk).update(notes="𝒲" * 4000, title="修" * 300)
    work(clock)
    assert len(receiver.received[0].body) < LARGEST


def test_while_a_secret_is_replaced_both_sign(
    wanted: Recommendation, receiver: Server, webhook_on: TicketConnection, curator: User, clock: Clock
) -> None:
    stamp = clock.now.isoformat()
    kept = {"secret_before": webhook_on.secrets["secret"], "secret": {"kept": encrypt(NEW), "at": stamp}}
    TicketConnection.objects.update(secrets=kept)
    ask(wanted, curator, clock, "webhook")
    work(clock)
    (got,) = receiver.received
    assert len(got.headers["webhook-signature"].split()) == 2
    for secret in (SECRET, NEW):
        assert Checker(secret).verify(got.body, dict(got.headers))


def test_every_try_has_the_same_id_and_its_own_time(
    wanted: Recommendation, receiver: Server, webhook_on: TicketConnection, curator: User, clock: Clock
) -> None:
    receiver.faults.extend(["late", 500, "garbage"])
    ask(wanted, curator, clock, "webhook")
    work(clock)
    assert len(receiver.received) == 4
    assert len({got.headers["webhook-id"] for got in receiver.received}) == 1
    assert len(receiver.made) == 1
    for got in receiver.received:
        assert Checker(SECRET).verify(got.body, dict(got.headers))


@pytest.mark.parametrize(("status", "words"), [(301, "redirect"), (302, "redirect"), (404, "404"), (500, "500"), (199 + 201, "400")])
def test_all_but_2xx_is_a_failure_that_is_tried_again(
    status: int, words: str, wanted: Recommendation, receiver: Server, webhook_on: TicketConnection, curator: User, clock: Clock
) -> None:
    receiver.faults.append((status, {"Location": f"{receiver.url}/elsewhere"}))
    ask(wanted, curator, clock, "webhook")
    outbox.deliver_due(clock=clock)
    delivery = Delivery.objects.get()
    assert delivery.state == "waiting"
    assert words in delivery.attempts[0]["sentence"]
    assert [got.path for got in receiver.received] == ["/hook"]


def test_410_switches_the_connection_off(
    wanted: Recommendation, receiver: Server, webhook_on: TicketConnection, curator: User, clock: Clock
) -> None:
    receiver.faults.append(410)
    activity = ask(wanted, curator, clock, "webhook")
    outbox.deliver_due(clock=clock)
    webhook_on.refresh_from_db()
    assert not webhook_on.enabled
    assert "410" in webhook_on.disabled_reason
    assert ticket_of(activity, "webhook").state == "failed"
    assert AuditEvent.objects.filter(action="connection.off", actor="system").count() == 1


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_slow_down_is_heard(
    status: int, wanted: Recommendation, receiver: Server, webhook_on: TicketConnection, curator: User, clock: Clock
) -> None:
    receiver.faults.append((status, {"Retry-After": "3600"}))
    ask(wanted, curator, clock, "webhook")
    outbox.deliver_due(clock=clock)
    webhook_on.refresh_from_db()
    assert webhook_on.paused_until == clock.now + dt.timedelta(hours=1)
    assert Delivery.objects.get().due_at >= clock.now + dt.timedelta(hours=1)


def test_a_wait_is_a_number_or_a_date() -> None:
    assert asked_to_wait({"Retry-After": "120"}) == 120
    date = format_datetime(dt.datetime.now(dt.UTC) + dt.timedelta(minutes=10), usegmt=True)
    assert 590 < (asked_to_wait({"Retry-After": date}) or 0) <= 600
    assert asked_to_wait({"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}) == 0
    assert asked_to_wait({}) is asked_to_wait({"Retry-After": "soon"}) is None


def test_what_happens_to_the_activity_is_told(
    wanted: Recommendation, receiver: Server, webhook_on: TicketConnection, curator: User, clock: Clock
) -> None:
    activity = ask(wanted, curator, clock, "webhook")
    actions.complete_activity(activity=activity, by=curator, now=clock.now)
    work(clock)
    assert [got.json["type"] for got in receiver.received] == ["remediation.created", "remediation.completed"]
    assert receiver.received[1].json["data"]["ticket"] == "T-1"
    assert len({got.headers["webhook-id"] for got in receiver.received}) == 2


@pytest.mark.parametrize(
    ("values", "faults", "step", "words"),
    [
        ({"secret": ""}, [], "Signing secret", "no signing secret"),
        ({"secret": "whsec_a"}, [], "Signing secret", "no base64"),
        ({"secret": "whsec_" + "A" * 20}, [], "Signing secret", "shorter than 24 bytes"),
        ({"url": "https://127.0.0.1/", "private": ""}, [], "Address", "own network"),
        ({}, [500], "Message remediation.test", "500"),
        ({}, [], "", ""),
    ],
)
def test_a_test_says_what_to_do(
    values: dict[str, str], faults: list[Any], step: str, words: str, receiver: Server, webhook_on: TicketConnection
) -> None:
    receiver.faults.extend(faults)
    given = {"url": f"{receiver.url}/hook", "secret": SECRET, "private": "yes"} | values
    findings = Webhook().test(Connection(given, allow_private=bool(given["private"])))
    if step:
        assert (findings[-1].step, findings[-1].good) == (step, False)
        assert words in findings[-1].detail
    else:
        assert all(finding.good for finding in findings)
        assert receiver.received[0].json["type"] == "remediation.test"
    assert not Ticket.objects.exists()
