"""Requests by mail, through a mail server that listens."""

from __future__ import annotations

import email
import email.policy
import socket
from collections import deque
from collections.abc import Iterator
from email.message import EmailMessage
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from pytest_django.fixtures import Settings

from core.models import User
from recommendations.models import Recommendation
from remediation import actions, outbox
from remediation.models import Delivery, TicketConnection
from remediation.ticketing.base import Connection
from remediation.ticketing.email import Email
from tests.integration.remediation.ticketing.conftest import Clock, ask, connect, ticket_of, work

pytestmark = pytest.mark.django_db


class Box:
    """Keeps mails; `answers` are those to the next of them, `refuses` those to recipients."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.answers: deque[str] = deque()
        self.refuses: dict[str, str] = {}

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's own names
        self, server: Any, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        if address in self.refuses:
            return self.refuses[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802
        self, server: Any, session: Any, envelope: Any
    ) -> str:
        answer = self.answers.popleft() if self.answers else "250 kept"
        if answer.startswith("2"):
            self.mails.append(email.message_from_bytes(envelope.content, policy=email.policy.default))
        return answer


@pytest.fixture
def box(settings: Settings) -> Iterator[Box]:
    box = Box()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    controller = Controller(box, hostname="127.0.0.1", port=port)
    controller.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST = "127.0.0.1"
    settings.EMAIL_PORT = port
    settings.PUBLIC_URL = "https://tvm.example.org"
    yield box
    controller.stop()


@pytest.fixture
def mail_on(db: None, clock: Clock) -> TicketConnection:
    return connect("email", {"recipients": "it@example.org\nops@example.org"}, {}, now=clock.now)


def test_what_has_no_machines_to_follow_names_none(
    wanted: Recommendation, box: Box, mail_on: TicketConnection, curator: User, clock: Clock
) -> None:
    wanted.kind = Recommendation.Kind.ATTENTION
    wanted.save(update_fields=["kind"])
    ask(wanted, curator, clock, "email")
    work(clock)
    (mail,) = box.mails
    assert not list(mail.iter_attachments())
    for kind in ("plain", "html"):
        body = mail.get_body((kind,))
        assert body is not None
        assert "achines" not in body.get_content()


def test_a_request_is_mailed_with_its_machines(
    wanted: Recommendation, box: Box, mail_on: TicketConnection, curator: User, clock: Clock
) -> None:
    activity = ask(wanted, curator, clock, "email")
    work(clock)
    (mail,) = box.mails
    ticket = ticket_of(activity, "email")
    assert ticket.state == "pending"
    assert mail["Message-ID"] == f"<{ticket.key}@tvm.example.org>"
    assert mail["To"] == "it@example.org, ops@example.org"
    assert activity.title in mail["Subject"]
    page = f"https://tvm.example.org/remediation/{activity.pk}/"
    for kind in ("plain", "html"):
        body = mail.get_body((kind,))
        assert body is not None
        assert page in body.get_content()
        assert "At night." in body.get_content()
    (attached,) = mail.iter_attachments()
    assert attached.get_filename() == "machines.csv"
    lines = attached.get_content().lstrip("\ufeff").splitlines()
    assert len(lines) == activity.target_count + 1
    assert "https://tvm.example.org/machines/" in lines[1]


def test_what_happens_follows_in_the_same_thread(
    wanted: Recommendation, box: Box, mail_on: TicketConnection, curator: User, clock: Clock
) -> None:
    activity = ask(wanted, curator, clock, "email")
    actions.complete_activity(activity=activity, by=curator, now=clock.now)
    work(clock)
    first, second = box.mails
    assert second["In-Reply-To"] == first["Message-ID"]
    assert second["Subject"].startswith("Completed")


@pytest.mark.parametrize("answer", ["450 busy", "451 greylisted", "421 closing"])
def test_a_passing_refusal_is_tried_again_under_the_same_id(
    answer: str, wanted: Recommendation, box: Box, mail_on: TicketConnection, curator: User, clock: Clock
) -> None:
    box.answers.append(answer)
    activity = ask(wanted, curator, clock, "email")
    outbox.deliver_due(clock=clock)
    assert Delivery.objects.get().attempts[0]["outcome"] == "later"
    work(clock)
    (mail,) = box.mails
    assert mail["Message-ID"] == f"<{ticket_of(activity, 'email').key}@tvm.example.org>"


def test_a_lasting_refusal_fails_at_once(wanted: Recommendation, box: Box, mail_on: TicketConnection, curator: User, clock: Clock) -> None:
    box.answers.append("550 no such mailbox")
    activity = ask(wanted, curator, clock, "email")
    outbox.deliver_due(clock=clock)
    ticket = ticket_of(activity, "email")
    assert ticket.state == "failed"
    assert "550" in ticket.error


def test_recipients_that_are_all_unknown_are_a_lasting_refusal(
    wanted: Recommendation, box: Box, mail_on: TicketConnection, curator: User, clock: Clock
) -> None:
    box.refuses = dict.fromkeys(("it@example.org", "ops@example.org"), "550 5.1.1 unknown")
    activity = ask(wanted, curator, clock, "email")
    outbox.deliver_due(clock=clock)
    assert "it@example.org: 550" in ticket_of(activity, "email").error


def test_a_server_that_is_away_is_tried_again(
    wanted: Recommendation, mail_on: TicketConnection, curator: User, clock: Clock, settings: Settings
) -> None:
    settings.EMAIL_BACKEND, settings.EMAIL_HOST, settings.EMAIL_PORT = "django.core.mail.backends.smtp.EmailBackend", "127.0.0.1", 9
    ask(wanted, curator, clock, "email")
    outbox.deliver_due(clock=clock)
    assert "does not answer" in Delivery.objects.get().attempts[0]["sentence"]


def test_the_test_sends_a_mail_or_says_what_is_missing(box: Box, settings: Settings) -> None:
    connection = Connection({"recipients": "it@example.org"})
    assert all(finding.good for finding in Email().test(connection))
    assert len(box.mails) == 1
    settings.EMAIL_HOST = ""
    (finding,) = Email().test(connection)
    assert not finding.good
    assert "EMAIL_URL" in finding.detail
