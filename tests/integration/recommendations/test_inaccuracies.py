"""Reporting that something is not right here, the public log, and what curators answer."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from core import outbox
from core.models import AuditEvent, OutgoingMail, User
from recommendations import inaccuracy_actions
from recommendations.errors import AlreadyAnswered
from recommendations.inaccuracy_rules import TRANSITIONS
from recommendations.models import InaccuracyReport, Recommendation
from tests.integration.pages import csv_lines, links, queries, text
from tests.mail_server import html_of, mail_server, text_of
from tests.populations import Population, populate
from weaknesses.models import MatchOverride, VersionWeakness

pytestmark = pytest.mark.django_db
FLYOUT = {"HTTP_HX_REQUEST": "true", "HTTP_HX_TARGET": "flyout"}


@pytest.fixture
def made() -> Population:
    return populate(machines=4, software=3, weaknesses=2, checks=2)


def reported(made: Population, by: User, **more: object) -> InaccuracyReport:
    values = {"subject": made.weaknesses[0], "category": "version", "details": "Mended by the distribution."} | more
    return inaccuracy_actions.report_inaccuracy(by=by, now=timezone.now(), **values)  # type: ignore[arg-type]


def test_a_report_on_each_kind_of_thing_reaches_the_log(made: Population, viewer_client: Client) -> None:
    recommendation = Recommendation.objects.filter(present=True).first()
    assert recommendation is not None
    asked = {
        reverse("recommendations:recommendation_inaccuracy", args=[recommendation.key]): {"category": "done"},
        reverse("recommendations:software_inaccuracy", args=[made.software[0].key]): {"category": "count", "right_value": "12"},
        reverse("recommendations:weakness_inaccuracy", args=[made.weaknesses[0].cve]): {
            "category": "not_affected",
            "machine": made.machines[0].name.upper(),
            "email": "viewer@example.org",
        },
    }
    for address, values in asked.items():
        assert "Report an inaccuracy" in text(viewer_client.get(address))
        answer = viewer_client.post(address, values)
        assert answer.status_code == 302, address
    log = text(viewer_client.get(reverse("recommendations:inaccuracies")))
    for name in (recommendation.title, made.software[0].name, made.weaknesses[0].cve, f"on {made.machines[0].name}"):
        assert name in log
    assert AuditEvent.objects.filter(action="inaccuracy.report").count() == 3
    assert len(csv_lines(viewer_client, reverse("recommendations:inaccuracies_export") + "?kind=software")) == 2


@pytest.mark.parametrize(
    ("values", "fault"),
    [
        ({}, "Choose what is not right."),
        ({"category": "not_affected"}, "Choose one of the list."),
        ({"category": "detail"}, "Say what it should be."),
        ({"category": "absent", "machine": "nowhere"}, "No machine of the chosen groups has this name."),
        ({"category": "absent", "email": "no address"}, "Enter a valid email address."),
    ],
)
def test_what_is_missing_is_said_and_nothing_typed_is_lost(
    made: Population, viewer_client: Client, values: dict[str, str], fault: str
) -> None:
    address = reverse("recommendations:software_inaccuracy", args=[made.software[0].key])
    answer = viewer_client.post(address, values | {"details": "Seen on floor 3"})
    assert answer.status_code == 422
    assert fault in text(answer)
    assert "Seen on floor 3" in answer.content.decode()
    assert not InaccuracyReport.objects.exists()


def test_in_the_flyout_the_form_and_the_thanks_replace_its_body(made: Population, viewer_client: Client) -> None:
    address = reverse("recommendations:weakness_inaccuracy", args=[made.weaknesses[0].cve])
    form = viewer_client.get(address, **FLYOUT)  # type: ignore[arg-type]
    assert "<html" not in form.content.decode()
    assert "Thank you." in text(viewer_client.post(address, {"category": "product"}, **FLYOUT))  # type: ignore[arg-type]
    assert viewer_client.post(address, {"category": "detail"}, **FLYOUT).status_code == 422  # type: ignore[arg-type]


def test_a_curator_answers_once_and_can_open_it_again(made: Population, viewer: User, curator: User, curator_client: Client) -> None:
    report = reported(made, viewer, machine=made.machines[0], email="viewer@example.org")
    address = reverse("recommendations:inaccuracy_report", args=[report.pk])
    page = curator_client.get(address)
    assert "viewer@example.org" in text(page)
    assert f"{reverse('weaknesses:why', args=[made.weaknesses[0].cve])}?version={made.versions[0].pk}" in set(links(page))
    assert curator_client.post(address, {"state": "corrected"}).status_code == 422
    curator_client.post(address, {"state": "corrected", "answer": "The distribution had mended it."})
    report.refresh_from_db()
    assert (report.state, report.answered_by) == ("corrected", curator)
    with pytest.raises(AlreadyAnswered):
        inaccuracy_actions.answer_inaccuracy(report=report, state="declined", answer="No.", by=curator, now=timezone.now())
    curator_client.post(reverse("recommendations:inaccuracy_reopen", args=[report.pk]))
    report.refresh_from_db()
    assert (report.state, report.answer, report.answered_at) == ("open", "", None)
    assert list(AuditEvent.objects.order_by("id").values_list("action", flat=True)) == [
        "inaccuracy.report",
        "inaccuracy.answer",
        "inaccuracy.reopen",
    ]


def test_others_read_and_do_not_answer(made: Population, viewer: User, curator: User, viewer_client: Client) -> None:
    report = reported(made, viewer, email="viewer@example.org")
    address = reverse("recommendations:inaccuracy_report", args=[report.pk])
    assert "Waits for a curator" in text(viewer_client.get(address))
    assert "viewer@example.org" not in text(viewer_client.get(address))
    assert viewer_client.post(address, {"state": "declined", "answer": "No."}).status_code == 403
    inaccuracy_actions.answer_inaccuracy(report=report, state="declined", answer="It is affected.", by=curator, now=timezone.now())
    assert "It is affected." in text(viewer_client.get(address))


def test_filters_and_search_narrow_the_log_and_its_queries_do_not_grow(made: Population, viewer: User, viewer_client: Client) -> None:
    address = reverse("recommendations:inaccuracies")
    reported(made, viewer)
    few = queries(viewer_client, address)
    for number in range(12):
        reported(made, viewer, subject=made.software[0], category="absent", details=f"Case {number}")
    assert queries(viewer_client, address) == few
    assert text(viewer_client.get(address + "?kind=weakness")).count("Mended by") == 0  # details stand on the report's own page
    assert made.software[0].name not in text(viewer_client.get(address + "?kind=weakness&state=open"))
    assert "1–1 of 1" in text(viewer_client.get(address + "?q=case+7"))
    assert "No report matches" in text(viewer_client.get(address + "?state=declined"))


def test_the_database_holds_exactly_one_subject(made: Population, viewer: User) -> None:
    report = reported(made, viewer)
    report.software = made.software[0]
    with pytest.raises(IntegrityError), transaction.atomic():
        report.save()


def test_one_click_corrects_the_match_and_answers_and_can_be_undone(
    made: Population, viewer: User, curator: User, curator_client: Client
) -> None:
    report = reported(made, viewer, machine=made.machines[0], email="viewer@example.org")
    weakness, version = made.weaknesses[0], made.versions[0]
    address = reverse("recommendations:inaccuracy_report", args=[report.pk])
    page = text(curator_client.get(address))
    assert "Why it matches" in page
    assert "This version is not affected" in page
    click = {"what": "version", "match": f"{version.pk}:{weakness.cve}", "answer": ""}
    curator_client.post(reverse("recommendations:inaccuracy_correct", args=[report.pk]), click)
    report.refresh_from_db()
    assert report.override is not None
    assert (report.state, report.override.version, report.override.weakness, report.matches_changed) == ("corrected", version, weakness, 1)
    assert f"Reported inaccuracy {report.pk}" in report.override.reason
    assert not VersionWeakness.objects.filter(version=version, weakness=weakness).exists()
    corrected = curator_client.get(address)
    assert "is not affected by" in text(corrected)
    assert reverse("recommendations:inaccuracy_undo", args=[report.pk]) in corrected.content.decode()
    again = curator_client.post(reverse("recommendations:inaccuracy_correct", args=[report.pk]), click)
    assert again.status_code == 302
    assert MatchOverride.objects.count() == 1
    curator_client.post(reverse("recommendations:inaccuracy_undo", args=[report.pk]))
    assert InaccuracyReport.objects.filter(state="open", override=None, matches_changed=None).exists()
    assert MatchOverride.objects.get().revoked_at is not None
    assert VersionWeakness.objects.filter(version=version, weakness=weakness).exists()


def test_a_wrong_product_is_corrected_from_a_report_on_software(made: Population, viewer: User, curator_client: Client) -> None:
    report = reported(made, viewer, subject=made.software[0], category="absent")
    match = f"{made.versions[0].pk}:{made.weaknesses[1].cve}"
    address = reverse("recommendations:inaccuracy_report", args=[report.pk])
    assert made.weaknesses[1].cve in text(curator_client.get(f"{address}?match={match}"))
    curator_client.post(reverse("recommendations:inaccuracy_correct", args=[report.pk]), {"what": "product", "match": match})
    report.refresh_from_db()
    assert (report.state, report.matches_changed) == ("corrected", 2)
    assert not VersionWeakness.objects.filter(version__software=made.software[0]).exists()


def test_the_answer_is_mailed_to_whoever_reported_it(made: Population, viewer: User, curator: User, curator_client: Client) -> None:
    report = reported(made, viewer, email="gone@example.org")
    now = timezone.now()
    with mail_server() as server:
        server.answers = {"gone@example.org": "550 no such user"}
        inaccuracy_actions.answer_inaccuracy(report=report, state="declined", answer="It <b>is</b> affected.", by=curator, now=now)
        page = reverse("recommendations:inaccuracy_report", args=[report.pk])
        assert "The mail is on its way" in text(curator_client.get(page))
        outbox.deliver_due(clock=lambda: now)
        assert "The mail did not go out: The mail server refused it: 550 no such user" in text(curator_client.get(page))
        server.answers = {}
        curator_client.post(reverse("recommendations:inaccuracy_resend", args=[report.pk]))
        outbox.deliver_due(clock=lambda: timezone.now() + dt.timedelta(minutes=1))
        assert "Mailed to gone@example.org" in text(curator_client.get(page))
        assert "&lt;b&gt;is&lt;/b&gt;" in html_of(server.mails[0])
        assert f"https://tvm.example.org{page}" in text_of(server.mails[0])


def test_a_reopened_report_does_not_mail_the_answer_that_was_taken_back(made: Population, viewer: User, curator: User) -> None:
    viewer.email = "viewer@example.org"
    viewer.save()
    report = inaccuracy_actions.answer_inaccuracy(
        report=reported(made, viewer), state="declined", answer="No.", by=curator, now=timezone.now()
    )
    assert OutgoingMail.objects.get().address == "viewer@example.org"
    inaccuracy_actions.reopen_inaccuracy(report=report, by=curator, now=timezone.now())
    assert not OutgoingMail.objects.exists()


def test_the_public_log_names_nobody(made: Population, viewer: User, curator: User, viewer_client: Client) -> None:
    author = User.objects.create_user("somebody-else")
    report = reported(made, author, machine=made.machines[0], email="secret@example.org", details="Anna's laptop")
    inaccuracy_actions.answer_inaccuracy(report=report, state="corrected", answer="Mended.", by=curator, now=timezone.now())
    address = reverse("recommendations:inaccuracy_log")
    lines = " ".join(csv_lines(viewer_client, reverse("recommendations:inaccuracy_log_export") + "?state=corrected"))
    for said in (text(viewer_client.get(address)), lines):
        assert made.weaknesses[0].cve in said
        assert "Mended." in said
        for hidden in ("somebody-else", "secret@example.org", "Anna", made.machines[0].name, "curator"):
            assert hidden not in said
    assert "No report matches" in text(viewer_client.get(address + "?q=anna"))
    assert viewer_client.get(reverse("recommendations:inaccuracy_report", args=[report.pk])).status_code == 403
    assert made.weaknesses[0].cve not in text(viewer_client.get(reverse("recommendations:inaccuracies")))
    few = queries(viewer_client, address)
    for _ in range(12):
        reported(made, author)
    assert queries(viewer_client, address) == few


def test_every_state_and_verb_of_a_report_is_in_the_table() -> None:
    assert set(TRANSITIONS) == set(InaccuracyReport.State.values)
    assert {state for verbs in TRANSITIONS.values() for state in verbs.values()} <= set(InaccuracyReport.State.values)


def test_the_admin_leads_to_the_report(made: Population, viewer: User, superuser_client: Client) -> None:
    report = reported(made, viewer)
    page = superuser_client.get("/admin/recommendations/inaccuracyreport/")
    assert reverse("recommendations:inaccuracy_report", args=[report.pk]) in set(links(page))
