"""The audit log: only ever added to, told from where, and read by those who may."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.utils import timezone

from core import audit
from core.audit_queries import AuditFilter, changes, every, page, read_cursor
from core.built_in_roles import AUDITOR, VIEWER
from core.models import AuditEvent, User
from recommendations.inaccuracy_actions import report_inaccuracy
from tests.conftest import PASSWORD, client_of, make_user
from tests.integration.pages import csv_lines, queries, text
from weaknesses.models import Weakness

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 3, 15, 12, 40, tzinfo=dt.UTC)
LOG = "/settings/audit/"


@pytest.fixture
def auditor(db: None) -> Client:
    return client_of(make_user("olga", AUDITOR))


def _events(number: int, *, action: str = "machine.tag", by: str = "ann") -> None:
    for index in range(number):
        audit.record(
            by=by,
            action=action,
            object=f"machine {index}",
            now=NOW + dt.timedelta(minutes=index // 3),
            before={"tags": ["old"]},
            after={"tags": [f"tag{index}"]},
        )


@pytest.mark.parametrize("statement", ["UPDATE core_auditevent SET actor = 'other'", "DELETE FROM core_auditevent"])
def test_the_database_refuses_to_rewrite_it(statement: str) -> None:
    _events(1)
    with pytest.raises(DatabaseError, match="only ever added to"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert AuditEvent.objects.get().actor == "ann"


def test_the_database_refuses_to_empty_it() -> None:
    _events(1)
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE core_auditevent ENABLE TRIGGER the_audit_log_is_not_emptied")  # off in tests alone; rolled back
    with pytest.raises(DatabaseError, match="TRUNCATE is refused"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("TRUNCATE core_auditevent")
    assert AuditEvent.objects.count() == 1


def test_pages_follow_one_another_and_lead_back(auditor: Client) -> None:
    _events(125)
    first = auditor.get(LOG)
    assert [row.event.object_id for row in first.context["rows"][:2]] == ["124", "123"]
    second = auditor.get(f"{LOG}{first.context['older']}")
    third = auditor.get(f"{LOG}{second.context['older']}")
    numbers = [int(row.event.object_id) for answer in (first, second, third) for row in answer.context["rows"]]
    assert numbers == list(range(124, -1, -1))
    assert not third.context["older"]
    back = auditor.get(f"{LOG}{third.context['newer']}")
    assert [row.event.pk for row in back.context["rows"]] == [row.event.pk for row in second.context["rows"]]
    assert not auditor.get(f"{LOG}{back.context['newer']}").context["newer"]


def test_it_is_searched_and_narrowed(auditor: Client) -> None:
    _events(5)
    _events(3, action="user.sign_in", by="ben")
    for query, number in (
        ("?person=ben", 3),
        ("?action=machine.tag", 5),
        ("?action=machine.tag&person=ben", 0),
        ("?type=machine", 8),
        ("?from=2026-03-15&to=2026-03-15", 8),
        ("?from=2026-03-16", 0),
        ("?from=2026-03-15&q=tag4", 1),
        ("?q=tag4", 0),  # words are looked for in the last ninety days
    ):
        assert len(auditor.get(f"{LOG}{query}").context["rows"]) == number, query
        assert len(csv_lines(auditor, f"{LOG}export.csv{query}")) == number + 1, query
    assert "No event matches" in text(auditor.get(f"{LOG}?person=nobody"))
    assert "is no day" in text(auditor.get(f"{LOG}?from=yesterday"))
    assert auditor.get(f"{LOG}?after=nonsense").status_code == 200


def test_one_event_is_told_in_full(auditor: Client) -> None:
    ann = make_user("ann", VIEWER)
    told = {"before": {"email": ""}, "after": {"email": "a@example.org"}}
    audit.record(by="root", action="user.change", object=ann, now=NOW, address="::1", **told)
    shown = text(auditor.get(f"{LOG}{AuditEvent.objects.get().pk}/"))
    for words in ("User change", "a@example.org", "::1", "root", "ann"):
        assert words in shown


def test_the_list_costs_the_same_for_many_events(auditor: Client) -> None:
    _events(2)
    few = queries(auditor, LOG)
    _events(60)
    assert queries(auditor, LOG) == few


def test_what_is_named_by_something_else_costs_the_same_for_many(auditor: Client) -> None:
    def report(cve: str) -> None:
        weakness = Weakness.objects.create(cve=cve, severity=3)
        report_inaccuracy(subject=weakness, category="version", by=User.objects.get(username="olga"), now=NOW)

    report("CVE-2026-0001")
    few = queries(auditor, LOG)
    for number in range(2, 20):
        report(f"CVE-2026-{number:04}")
    assert queries(auditor, LOG) == few
    assert "CVE-2026-0019: " in text(auditor.get(LOG))


def test_an_export_takes_every_event_once() -> None:
    _events(25)
    assert [row.event.object_id for row in every(AuditFilter(), now=NOW, chunk=7)] == [str(number) for number in range(24, -1, -1)]
    assert page(AuditFilter(), now=NOW, limit=10).older


def test_only_auditors_and_administrators_read_it(viewer_client: Client, curator_client: Client, superuser_client: Client) -> None:
    assert [client.get(LOG).status_code for client in (viewer_client, curator_client, superuser_client)] == [403, 403, 200]


def test_what_changed_reads_as_a_difference() -> None:
    first, second, third = changes({"tags": ["a", "b"], "value": 1}, {"tags": ["b", "c"], "value": 2, "scored": True})
    assert (first.added, first.removed) == (("c",), ("a",))
    assert (second.before, second.after) == ("1", "2")
    assert (third.field, third.before, third.after) == ("Scored", "", "yes")


@pytest.mark.parametrize("text_", ["", "x-1", "20260315T124000.000000-", "20260315T124000.000000-99999999999999999999"])
def test_a_cursor_that_is_none_is_passed_over(text_: str) -> None:
    assert read_cursor(text_) is None


def test_signing_in_and_out_and_failing_to_is_recorded_with_the_address() -> None:
    ann, browser = make_user("ann", VIEWER), Client(REMOTE_ADDR="198.51.100.4")
    browser.post("/sign-in/", {"username": "ann", "password": "wrong"})
    browser.post("/sign-in/", {"username": "my-secret-typed-here", "password": "x"})
    browser.post("/sign-in/", {"username": "ann", "password": PASSWORD})
    browser.post("/sign-out/")
    log = list(AuditEvent.objects.order_by("id").values_list("action", "actor", "address"))
    assert log == [
        ("user.sign_in_refused", "ann", "198.51.100.4"),
        ("user.sign_in_refused", "", "198.51.100.4"),
        ("user.sign_in", "ann", "198.51.100.4"),
        ("user.sign_out", "ann", "198.51.100.4"),
    ]
    assert not re.search("my-secret", str(list(AuditEvent.objects.values())))
    assert User.objects.get(pk=ann.pk).last_login


def test_an_action_inside_a_request_knows_the_address_by_itself(viewer: User) -> None:
    browser = Client(REMOTE_ADDR="198.51.100.9")
    browser.force_login(viewer)
    browser.post("/views/save/", {"list": "machines", "name": "Mine", "query": "q=a"})
    assert AuditEvent.objects.get(action="save view").address == "198.51.100.9"
    audit.record(by="system", action="x", object="y z", now=timezone.now())
    assert AuditEvent.objects.get(action="x").address == ""
