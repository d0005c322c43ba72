"""Setting ticket systems up on the screens, and the messages that they push to us."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from standardwebhooks import Webhook as Signer

from core.models import AuditEvent, User
from core.secrets import decrypt, encrypt
from recommendations.models import Recommendation
from remediation import connections
from remediation.models import InboundMessage, TicketConnection
from tests.integration.pages import queries as statements
from tests.integration.pages import text
from tests.integration.remediation.ticketing.conftest import SECRET, Clock, ask, ticket_of, work
from tests.integration.remediation.ticketing.receivers import Server

pytestmark = pytest.mark.django_db
PAGE = "/settings/advanced-features/webhook/"


def test_only_the_queue_of_the_portal_is_on_at_first(curator_client: Client, viewer_client: Client) -> None:
    page = curator_client.get(reverse("remediation:connections"))
    assert page.content.decode().count('aria-checked="true"') == 1
    assert "IT queue" in text(page)
    assert viewer_client.get(reverse("remediation:connections")).status_code == 403
    assert "Advanced features" in text(curator_client.get(reverse("recommendations:settings")))


def test_a_system_is_set_up_tested_and_switched_on(receiver: Server, curator_client: Client) -> None:
    page = curator_client.post(f"{PAGE}switch/", {"enabled": "on"}, follow=True)
    assert "Enter first: Address, Signing secret." in text(page)
    sent = {"url": f"{receiver.url}/hook", "secret": SECRET, "allow_private": "on", "do": "test"}
    page = curator_client.post(PAGE, sent, follow=True)
    assert "The test went well." in text(page)
    assert "Answered with 200." in text(page)
    assert SECRET not in page.content.decode()
    assert "Kept, since" in text(page)
    assert "Webhook is on." in text(curator_client.post(f"{PAGE}switch/", {"enabled": "on"}, follow=True))
    row = TicketConnection.objects.get()
    assert row.enabled
    assert decrypt(row.secrets["secret"]["kept"]) == SECRET
    assert SECRET not in json.dumps(row.secrets)
    for event in AuditEvent.objects.all():
        assert SECRET not in json.dumps([event.before, event.after])
    assert list(AuditEvent.objects.order_by("id").values_list("action", flat=True)) == [
        "connection.save",
        "connection.test",
        "connection.on",
    ]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"url": "http://example.org/"}, "Only https://"),
        ({"url": "https://127.0.0.1/"}, "inside the own network"),
        ({"url": "https://169.254.169.254/", "allow_private": "on"}, "never called"),
        ({"url": "nonsense"}, "has to begin with https://"),
        ({"url": "https://example.org:port/"}, "This is no address"),
        ({"url": ""}, "This field is required"),
    ],
)
def test_what_is_wrong_is_said(changes: dict[str, str], words: str, curator_client: Client) -> None:
    page = curator_client.post(PAGE, {"url": "https://127.0.0.1/", "secret": SECRET} | changes)
    assert page.status_code == 422
    assert words in text(page)
    assert SECRET not in page.content.decode()
    assert not TicketConnection.objects.exists()


def test_an_empty_secret_keeps_the_one_there_is(webhook_on: TicketConnection, receiver: Server, curator_client: Client) -> None:
    curator_client.post(PAGE, {"url": f"{receiver.url}/other", "secret": "", "allow_private": "on"})
    webhook_on.refresh_from_db()
    assert decrypt(webhook_on.secrets["secret"]["kept"]) == SECRET
    assert webhook_on.values == {"url": f"{receiver.url}/other"}


def test_mail_addresses_may_have_empty_lines_between(curator_client: Client) -> None:
    page = reverse("remediation:connection", args=["email"])
    assert "one a line" in text(curator_client.post(page, {"recipients": "it@example.org\nnobody"}))
    assert curator_client.post(page, {"recipients": "it@example.org \n\n desk@example.org"}).status_code == 302


def test_a_pause_is_shown_while_it_lasts(webhook_on: TicketConnection, clock: Clock, curator_client: Client) -> None:
    for seconds, shown in ((60, True), (-60, False)):
        connections.pause("webhook", seconds=seconds, now=timezone.now())
        assert ("Calls pause until" in text(curator_client.get(PAGE))) is shown


def test_a_secret_is_made_shown_once_and_the_one_before_forgotten(webhook_on: TicketConnection, curator_client: Client) -> None:
    page = curator_client.post(f"{PAGE}secret/", {"name": "secret", "do": "generate"})
    assert page["Cache-Control"] == "no-store"
    webhook_on.refresh_from_db()
    made = decrypt(webhook_on.secrets["secret"]["kept"])
    assert made in page.content.decode()
    assert made not in curator_client.get(PAGE).content.decode()
    assert decrypt(webhook_on.secrets["secret_before"]["kept"]) == SECRET
    curator_client.post(f"{PAGE}secret/", {"name": "secret_before", "do": "forget"})
    webhook_on.refresh_from_db()
    assert set(webhook_on.secrets) == {"secret"}
    assert curator_client.post(f"{PAGE}secret/", {"name": "other", "do": "forget"}).status_code == 404


def test_a_connection_is_deleted_after_a_question(
    webhook_on: TicketConnection, wanted: Recommendation, curator: User, clock: Clock, curator_client: Client
) -> None:
    ask(wanted, curator, clock, "webhook")
    assert "1 delivery waits" in text(curator_client.get(f"{PAGE}delete/"))
    curator_client.post(f"{PAGE}delete/")
    assert not TicketConnection.objects.exists()
    assert AuditEvent.objects.filter(action="connection.delete").count() == 1


def test_a_secret_of_another_key_has_to_be_entered_again(
    webhook_on: TicketConnection, wanted: Recommendation, curator: User, clock: Clock, curator_client: Client, settings: Any
) -> None:
    settings.SECRETS_KEY = "another key altogether, after a restore"
    page = curator_client.post(f"{PAGE}test/", follow=True)
    assert "Enter it again." in text(page)
    activity = ask(wanted, curator, clock, "webhook")
    work(clock)
    assert "Enter it again." in ticket_of(activity, "webhook").error


def test_pages_of_connections_ask_the_same_whatever_there_is(
    webhook_on: TicketConnection, wanted: Recommendation, curator: User, clock: Clock, curator_client: Client
) -> None:
    pages = (reverse("remediation:connections"), PAGE)
    before = [statements(curator_client, page) for page in pages]
    for _ in range(5):
        ask(wanted, curator, clock, "webhook")
    assert [statements(curator_client, page) for page in pages] == before


# Messages to us.


def push(client: Client, data: Any, *, secret: str = SECRET, message: str = "m-1", age: float = 0, body: bytes | None = None) -> Any:
    stamp = timezone.now() - dt.timedelta(seconds=age)
    said = body if body is not None else json.dumps({"type": "ticket.updated", "data": data}).encode()
    headers = {
        "webhook-id": message,
        "webhook-timestamp": str(int(stamp.timestamp())),
        "webhook-signature": Signer(secret).sign(message, stamp, said.decode(errors="replace")),
    }
    return client.post("/api/tickets/webhook/", said, content_type="application/json", headers=headers)


@pytest.fixture
def listening(webhook_on: TicketConnection, wanted: Recommendation, curator: User, clock: Clock) -> str:
    """A ticket there, and a secret for messages to us; returns its key."""
    webhook_on.secrets["inbound"] = {"kept": encrypt(SECRET), "at": clock.now.isoformat()}
    webhook_on.save()
    activity = ask(wanted, curator, clock, "webhook")
    work(clock)
    return str(ticket_of(activity, "webhook").key)


def test_a_pushed_state_arrives_once(listening: str, client: Client) -> None:
    data = {"ticket": "T-1", "state": "accepted", "note": "On Friday.", "by": "Ole"}
    for answer in ("taken", "known", "known"):
        response = push(client, data)
        assert (response.status_code, response.json()["result"]) == (200, answer)
    ticket = TicketConnection.objects.get() and InboundMessage.objects.count()
    assert ticket == 1
    notes = list(_ticket(listening).conversation.filter(side="theirs").values_list("author", "text"))
    assert notes == [("Ole", "On Friday.")]
    assert _ticket(listening).state == "accepted"
    assert push(client, data | {"ticket": listening, "state": "completed"}, message="m-2").json()["state"] == "completed"


@pytest.mark.parametrize(
    ("how", "status"),
    [
        ({"age": 301}, 401),
        ({"age": -330}, 401),
        ({"age": 290}, 200),
        ({"age": -290}, 200),
        ({"secret": "whsec_" + "A" * 32}, 401),
        ({"body": b"{" + b" " * 20_000 + b"}"}, 413),
        ({"body": b"no json"}, 400),
        ({"body": b"[]"}, 400),
        ({"body": b"\xff\xfe"}, 401),
        ({"body": b'{"type": "ticket.updated", "data": {"ticket": "T-1", "state": "burning"}}'}, 400),
        ({"body": b'{"type": "ticket.updated", "data": {"state": "accepted"}}'}, 400),
        ({"body": b'{"type": "ticket.updated", "data": {"ticket": "T-9", "state": "accepted"}}'}, 404),
        ({"body": b'{"type": "ticket.updated", "data": {"ticket": "T-1", "state": "accepted", "note": "\\u0000"}}'}, 400),
        ({"body": b"[" * 19_000}, 400),
        ({"body": b'{"type": "something.else", "data": {}}'}, 200),
    ],
    ids=str,
)
def test_what_else_may_be_pushed(how: dict[str, Any], status: int, listening: str, client: Client) -> None:
    response = push(client, {"ticket": "T-1", "state": "accepted"}, **how)
    assert response.status_code == status, response.content
    assert InboundMessage.objects.count() == (1 if status == 200 else 0)


def test_nothing_is_taken_without_a_secret_or_from_a_system_that_is_off(listening: str, client: Client) -> None:
    data = {"ticket": "T-1", "state": "accepted"}
    TicketConnection.objects.update(enabled=False)
    assert push(client, data).status_code == 401
    TicketConnection.objects.update(enabled=True, secrets={})
    assert push(client, data).status_code == 401
    for headers in ({}, {"webhook-id": "m", "webhook-timestamp": "1", "webhook-signature": "nonsense"}):
        assert client.post("/api/tickets/webhook/", b"{}", content_type="application/json", headers=headers).status_code == 401
    assert _ticket(listening).state == "pending"


def _ticket(key: str) -> Any:
    from remediation.models import Ticket

    return Ticket.objects.get(key=key)
