"""Settings, Notifications: the list, the editor with its preview, test mails, and the log of mails."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from core import outbox
from core.built_in_roles import SECURITY
from core.models import OutgoingMail, User
from tests.conftest import client_of, make_user
from tests.integration.pages import LARGEST, csv_lines, queries, text
from tests.mail_server import MailServer, mail_server, text_of
from tests.populations import Population, populate
from tvm_portal.models import NotificationRule
from tvm_portal.notifications import occurrences, posting
from weaknesses.models import Event

pytestmark = pytest.mark.django_db
NOW = timezone.now().replace(microsecond=0)
LIST, NEW = "/settings/notifications/", "/settings/notifications/new/"
SENT: dict[str, Any] = {
    "do": "save",
    "name": "Attacks",
    "enabled": "on",
    "reach": "all",
    "kinds": ["exploited", "new_weakness"],
    "severity": "0",
    "impact": "1",
    "rise": "5",
    "frequency": "once",
    "weekday": "0",
    "hour": "8",
    "time_zone": "UTC",
    "addresses": "me@example.org\nyou@example.org",
    "naming": "counts",
}


@pytest.fixture
def made() -> Population:
    found = populate(machines=14, software=6, weaknesses=3, checks=5, now=NOW - dt.timedelta(minutes=5))
    Event.objects.all().delete()
    return found


@pytest.fixture
def server() -> Iterator[MailServer]:
    with mail_server() as found:
        yield found


def happen(made: Population, kind: str = "exploited") -> None:
    known = {"software": made.software[0], "weakness_ids": [made.weaknesses[0].pk], "machines": 3, "machines_total": 14}
    Event.objects.create(kind=kind, at=NOW - dt.timedelta(hours=1), **known)
    occurrences.collect(now=timezone.now())


def mailed(made: Population) -> OutgoingMail:
    happen(made)
    posting.post(now=timezone.now())
    outbox.deliver_due(clock=timezone.now)
    return OutgoingMail.objects.order_by("id")[0]


def test_a_rule_is_made_changed_switched_deleted_and_brought_back(made: Population, curator_client: Client, server: MailServer) -> None:
    assert "Nobody is told by mail yet" in text(curator_client.get(LIST))
    assert curator_client.post(NEW, SENT)["Location"] == LIST
    rule = NotificationRule.objects.get()
    page = text(curator_client.get(LIST))
    for said in ("Attacks", "Exploited in the wild", "me@example.org", "At once, by curator", "None yet"):
        assert said in page
    edit = reverse("notifications:rule", args=[rule.pk])
    assert "me@example.org you@example.org" in text(curator_client.get(edit))
    curator_client.post(
        edit, {**SENT, "name": "Digest", "frequency": "weekly", "time_zone": "Europe/Berlin", "addresses": "me@example.org"}
    )
    assert "Every Monday at 08:00, Europe/Berlin" in text(curator_client.get(LIST))
    curator_client.post(reverse("notifications:switch", args=[rule.pk]), {})
    assert not NotificationRule.objects.get().enabled
    after = curator_client.get(curator_client.post(reverse("notifications:delete", args=[rule.pk]))["Location"])
    undo = reverse("notifications:restore", args=[rule.pk])
    assert f'action="{undo}"' in after.content.decode()
    assert curator_client.get(edit).status_code == 404
    curator_client.post(undo)
    assert "Digest is back." in text(curator_client.get(LIST))


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"name": ""}, "Give the rule a name."),
        ({"kinds": []}, "Choose at least one kind of event."),
        ({"reach": "chosen"}, "Choose at least one machine group."),
        ({"reach": "chosen", "groups": ["9999"]}, "You may not set rules for one of these groups, or it is gone."),
        ({"addresses": ""}, "Name at least one address, or choose a user."),
        ({"addresses": "me@example.org\nnonsense"}, "“nonsense” is not an e-mail address."),
        ({"addresses": "a@example.org\r\nBcc: b@example.org"}, "is not an e-mail address."),
        ({"time_zone": "Mars/Base"}, "Select a valid choice."),
        ({"impact": "-1"}, "greater than or equal to 0"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_typed_is_lost(
    made: Population, curator_client: Client, change: dict[str, Any], fault: str
) -> None:
    answer = curator_client.post(NEW, {**SENT, "description": "Kept as typed", **change})
    assert answer.status_code == 422
    assert fault in text(answer)
    assert "Kept as typed" in answer.content.decode()
    assert not NotificationRule.objects.exists()


def test_a_name_is_taken_once(made: Population, curator_client: Client) -> None:
    curator_client.post(NEW, SENT)
    assert "There is a rule called Attacks already." in text(curator_client.post(NEW, SENT))


def test_the_preview_says_what_the_rule_would_have_sent(made: Population, curator_client: Client) -> None:
    happen(made)
    live = {"HTTP_HX_REQUEST": "true", "HTTP_HX_TARGET": "preview"}
    asked = {**SENT, "do": "preview", "name": "", "addresses": ""}
    answer = curator_client.post(NEW, asked, **live)  # type: ignore[arg-type]
    assert "<html" not in answer.content.decode()
    assert "would have sent 1 mail to each recipient" in text(answer)
    assert "1 weakness in Google Chrome is exploited in the wild" in text(answer)
    saving = {**asked, "do": "save", "name": "Attacks", "addresses": "me@example.org"}
    assert "would have sent 1 mail" in text(curator_client.post(NEW, saving, **live))  # type: ignore[arg-type]
    assert not NotificationRule.objects.exists()  # a preview never saves, whatever button was pressed last
    asked["kinds"] = ["kit"]
    assert "would have sent no mail" in text(curator_client.post(NEW, asked, **live))  # type: ignore[arg-type]
    assert "would have sent 1 mail" in text(curator_client.get(NEW))  # of what a new rule begins with


def test_a_test_mail_goes_out_at_once_and_says_how_that_went(made: Population, curator_client: Client, server: MailServer) -> None:
    happen(made)
    asked = {**SENT, "do": "trial", "trial-address": "me@example.org"}
    assert "The test mail is sent." in text(curator_client.post(NEW, asked))
    assert server.mails[0]["Subject"] == "Test: 1 weakness in Google Chrome is exploited in the wild"
    asked["kinds"] = ["kit"]
    curator_client.post(NEW, asked)
    assert "would have told nothing" in text_of(server.mails[1])
    server.answers = {"*": "550 not here"}
    assert "550 not here" in text(curator_client.post(NEW, asked))
    assert "Enter a valid email address." in text(curator_client.post(NEW, {**asked, "trial-address": "nobody"}))
    assert not NotificationRule.objects.exists()


def test_without_a_mail_server_every_page_says_so(made: Population, curator_client: Client, settings: Any) -> None:
    settings.EMAIL_HOST = ""
    for address in (LIST, NEW, f"{LIST}mails/"):
        assert "No mail server is set: nothing is sent." in text(curator_client.get(address))
    answer = curator_client.post(NEW, {**SENT, "do": "trial", "trial-address": "me@example.org"})
    assert "The test mail did not go out. No mail server is set" in text(answer)


def test_the_log_shows_failures_and_tries_again(made: Population, curator_client: Client, server: MailServer) -> None:
    server.answers = {"me@example.org": "550 no such user"}
    curator_client.post(NEW, SENT)
    rule = NotificationRule.objects.get()
    kept = mailed(made)
    assert "1 failed" in text(curator_client.get(LIST))
    log = f"{LIST}mails/?rule={rule.pk}&state=failed"
    assert "550 no such user" in text(curator_client.get(log))
    assert "you@example.org" not in text(curator_client.get(log))
    assert len(csv_lines(curator_client, log.replace("?", "export.csv?"))) == 2
    page = text(curator_client.get(reverse("notifications:mail", args=[kept.key])))
    for said in ("is exploited in the wild", "Try again", "Not taken", str(kept.key)):
        assert said in page
    server.answers = {}
    assert curator_client.post(reverse("notifications:replay", args=[kept.key])).status_code == 302
    outbox.deliver_due(clock=timezone.now)
    page = text(curator_client.get(reverse("notifications:mail", args=[kept.key])))
    assert "Taken by the server" in page
    assert "Tried again by curator" in page
    assert sorted(server.recipients) == ["me@example.org", "you@example.org"]


@pytest.mark.parametrize(("about", "count"), [("exception", 1), ("trial", 1), ("rule,exception", 1), ("exception,trial", 2)])
def test_the_log_is_narrowed_to_what_mails_are_about(about: str, count: int, curator_client: Client) -> None:
    for known in ("exception 7", "trial:0"):
        outbox.queue(about=known, addresses=["me@example.org"], subject=known, text="", html="", now=timezone.now())
    assert len(csv_lines(curator_client, f"{LIST}mails/export.csv?about={about}")) == count + 1
    assert text(curator_client.get(f"{LIST}mails/")).count("exception 7") == 1


def test_others_are_refused(made: Population, viewer_client: Client, curator_client: Client) -> None:
    curator_client.post(NEW, SENT)
    edit = reverse("notifications:rule", args=[NotificationRule.objects.get().pk])
    for address in (LIST, NEW, edit, f"{LIST}mails/", f"{LIST}mails/export.csv"):
        assert viewer_client.get(address).status_code == 403
    assert viewer_client.post(reverse("notifications:delete", args=[NotificationRule.objects.get().pk])).status_code == 403


def test_who_may_set_rules_for_some_groups_sees_and_changes_only_theirs(
    made: Population, curator_client: Client, server: MailServer
) -> None:
    curator_client.post(NEW, {**SENT, "name": "For all"})
    curator_client.post(NEW, {**SENT, "name": "For the edge", "reach": "chosen", "groups": [str(made.groups[1].pk)]})
    everything, edge = NotificationRule.objects.order_by("id")
    kept = mailed(made)
    some = client_of(make_user("edge", SECURITY, groups=[made.groups[1].pk]))
    page = text(some.get(LIST))
    assert "For the edge" in page
    assert "For all" not in page
    assert some.get(reverse("notifications:rule", args=[everything.pk])).status_code == 403
    assert "A rule for all groups needs the permission for all of them." in text(some.get(reverse("notifications:rule", args=[edge.pk])))
    assert some.post(NEW, {**SENT, "name": "Sneaky"}).status_code == 422
    sneaky = {**SENT, "name": "Sneaky", "reach": "chosen", "groups": [str(made.groups[0].pk)]}
    assert some.post(NEW, sneaky).status_code == 422
    assert some.post(NEW, {**sneaky, "name": "Mine", "groups": [str(made.groups[1].pk)]}).status_code == 302
    assert some.get(reverse("notifications:mail", args=[kept.key])).status_code == 404
    assert "Attack" not in text(some.get(f"{LIST}mails/"))


def test_pages_do_not_ask_more_for_more_rows(made: Population, curator: User, curator_client: Client, server: MailServer) -> None:
    curator_client.post(NEW, SENT)
    rule = NotificationRule.objects.get()
    mailed(made)
    log = f"{LIST}mails/"
    few, few_mails = queries(curator_client, LIST), queries(curator_client, log)
    for number in range(12):
        curator_client.post(NEW, {**SENT, "name": f"Rule {number}"})
        outbox.queue(about=f"rule:{rule.pk}", addresses=["me@example.org"], subject=f"Mail {number}", text="", html="", now=NOW)
    assert queries(curator_client, LIST) == few <= 16
    assert queries(curator_client, log) == few_mails <= 16
    assert len(curator_client.get(NEW).content) < LARGEST
    edit = reverse("notifications:rule", args=[rule.pk])
    happen(made)
    some = queries(curator_client, edit)
    for _ in range(20):
        happen(made)
    assert queries(curator_client, edit) == some <= 24
