"""The bell: what is worth a notice, for whom, and what it costs."""

from __future__ import annotations

import datetime as dt
import uuid

import pytest
from django.test import Client
from django.utils import timezone

from core.models import User
from exceptions.models import RiskException
from recommendations import inaccuracy_actions
from recommendations.counters import LastRun
from recommendations.models import InaccuracyReport
from remediation.models import Activity, ActivityTarget, Ticket
from tests.integration.pages import queries, text
from tests.populations import Population, populate
from tvm_portal import notices
from weaknesses.models import Event, Feed, FeedRun, Weakness

pytestmark = pytest.mark.django_db
NOW = timezone.now().replace(microsecond=0)
HOUR = dt.timedelta(hours=1)
PANEL = {"HX-Request": "true", "HX-Target": "panel"}


@pytest.fixture
def made() -> Population:
    found = populate(machines=14, software=6, weaknesses=3, checks=5, now=NOW - HOUR)
    Event.objects.all().delete()
    return found


def event(made: Population, kind: str, *, ago: dt.timedelta = HOUR, **values: object) -> Event:
    known = {"software": made.software[0], "weakness_ids": [made.weaknesses[0].pk], "machines": 1, "machines_total": 100}
    return Event.objects.create(kind=kind, at=NOW - ago, **{**known, **values})


def read(made: Population, *, groups: list[int] | None = None, seen: dt.datetime | None = None, run: LastRun | None = None) -> list[str]:
    chosen = [group.pk for group in made.groups] if groups is None else groups
    found = notices.read(groups=chosen, run=run or LastRun(1, NOW - HOUR), now=NOW, seen=seen)
    return [notice.title for notice in found]


@pytest.mark.parametrize("kind", ["exploited", "new_exploit", "verified", "kit"])
def test_attacks_and_exploits_are_always_told(kind: str, made: Population) -> None:
    event(made, kind)
    assert len(read(made)) == 1
    assert "Google Chrome" in read(made)[0]


def test_new_weaknesses_are_told_where_one_is_critical_or_many_machines_have_them(made: Population) -> None:
    Weakness.objects.filter(pk=made.weaknesses[0].pk).update(severity=3)
    event(made, "new_weakness")
    event(made, "new_weakness", machines=9, machines_total=9)  # all of too few
    event(made, "fixed", machines=90)
    assert read(made) == []
    event(made, "new_weakness", machines=25)
    assert len(read(made)) == 1
    Weakness.objects.filter(pk=made.weaknesses[0].pk).update(severity=4)
    assert sum("1 critical" in title for title in read(made)) == 3


def test_other_groups_are_not_told(made: Population) -> None:
    event(made, "exploited")
    assert read(made, groups=[]) == []


def test_a_feed_is_told_once_while_it_fails_and_not_once_it_works(made: Population) -> None:
    feed = Feed.objects.create(kind="kev")
    for hours in (5, 3, 1):
        at = NOW - hours * HOUR
        FeedRun.objects.create(feed=feed, state="failed", started_at=at, finished_at=at, error="Trace\nThe host is not known.")
    told = notices.read(groups=[], run=LastRun(1, NOW), now=NOW, seen=None)
    assert [(notice.at, notice.text, notice.address) for notice in told] == [
        (NOW - 5 * HOUR, "The host is not known.", "/settings/feeds/kev/")
    ]
    FeedRun.objects.create(feed=feed, state="unchanged", started_at=NOW, finished_at=NOW)
    assert read(made) == []


def test_figures_that_are_old_are_told(made: Population) -> None:
    assert read(made, run=LastRun(1, NOW - 25 * HOUR)) == []
    assert read(made, run=LastRun(1, NOW - 30 * HOUR)) == ["The figures are older than a day"]


def test_what_was_seen_is_read_and_stays_in_the_history(made: Population, viewer_client: Client, viewer: User) -> None:
    event(made, "exploited", ago=2 * HOUR)
    assert 'aria-label="Notifications, 1 unread"' in viewer_client.get("/help/").content.decode()
    assert "Mark all as read" in viewer_client.get("/notifications/", headers=PANEL).content.decode()
    answer = viewer_client.post("/notifications/seen/", {"next": "/software/?q=a"})
    assert answer["Location"] == "/software/?q=a"
    assert User.objects.get(pk=viewer.pk).notices_seen_at is not None
    assert 'aria-label="Notifications"' in viewer_client.get("/help/").content.decode()
    page = text(viewer_client.get("/notifications/"))
    assert "exploited in the wild" in page
    assert "Unread" not in page
    assert "Mark all as read" not in page


def test_a_notice_leads_to_the_events_of_its_day_and_software(made: Population, viewer_client: Client) -> None:
    event(made, "exploited")
    notice = notices.read(groups=[group.pk for group in made.groups], run=LastRun(), now=NOW, seen=None)[0]
    assert made.software[0].key in notice.address
    assert "exploited in the wild" in text(viewer_client.get(notice.address))


def test_nothing_to_tell_says_so(made: Population, viewer_client: Client) -> None:
    assert "Nothing to tell" in text(viewer_client.get("/notifications/"))
    panel = viewer_client.get("/notifications/", headers=PANEL).content.decode()
    assert "Nothing to tell" in panel
    assert "<html" not in panel


def test_the_bell_asks_nothing_of_a_page_within_a_minute(made: Population, viewer_client: Client) -> None:
    event(made, "exploited")
    before = queries(viewer_client, "/help/")
    for number in range(20):
        event(made, "exploited", ago=number * HOUR)
    assert queries(viewer_client, "/help/") == before <= 5


def test_remediation_exceptions_and_answers_are_told_within_the_groups(made: Population, viewer: User, curator: User) -> None:
    fix = made.recommendations[0]
    for number, status in enumerate(("active", "completed")):
        activity = Activity.objects.create(
            id=uuid.uuid4(),
            recommendation=fix,
            title=f"Fix {number}",
            kind="update",
            priority="high",
            status=status,
            due_on=(NOW - 30 * HOUR).date(),
            created_at=NOW - 90 * HOUR,
            completed_at=NOW - HOUR if number else None,
            completion="automatic" if number else "",
        )
        ActivityTarget.objects.create(activity=activity, machine=made.machines[1])
        at = NOW - HOUR
        state = "failed" if number else "accepted"
        Ticket.objects.create(key=uuid.uuid4(), activity=activity, provider="jira", state=state, updated_at=at, created_at=at)
    RiskException.objects.create(
        recommendation=fix,
        justification="accept",
        all_machines=True,
        impact_when_granted=0,
        requested_at=NOW - 90 * HOUR,
        starts_at=NOW - 90 * HOUR,
        ends_at=NOW + 48 * HOUR,
    )
    report = InaccuracyReport.objects.create(
        weakness=made.weaknesses[0], category="version", reported_by=viewer, reported_at=NOW - 9 * HOUR
    )
    inaccuracy_actions.answer_inaccuracy(report=report, state="declined", answer="It is right.", by=curator, now=NOW - HOUR)
    groups = [group.pk for group in made.groups]

    def titles(user: User, groups: list[int], hidden: tuple[str, ...] = ()) -> set[str]:
        found = notices.read(groups=groups, run=LastRun(1, NOW), now=NOW, seen=None, user=user.pk, hidden=hidden)
        return {notice.title for notice in found}

    everything = {
        "Remediation is overdue: Fix 0",
        "Remediation is complete: Fix 1",
        "Ticket failed: Fix 1",
        f"Exception is about to end: {fix.title}",
    }
    answered = f"Your report was answered: {made.weaknesses[0].cve}"
    assert titles(viewer, groups) == everything | {answered}
    assert titles(curator, groups) == everything
    assert titles(viewer, [], ()) == {answered}
    assert titles(viewer, groups, ("overdue", "answered")) == everything - {"Remediation is overdue: Fix 0"}


def test_a_user_chooses_what_the_bell_tells(made: Population, viewer_client: Client) -> None:
    event(made, "exploited")
    assert "1 unread" in viewer_client.get("/help/").content.decode()
    shown = [kind for kind, _ in notices.CHOICES if kind != "exploited"]
    assert viewer_client.post("/notifications/kinds/", {"kinds": shown})["Location"] == "/notifications/"
    assert "unread" not in viewer_client.get("/help/").content.decode().partition("</header>")[0].partition("Notifications")[2][:40]
    page = text(viewer_client.get("/notifications/"))
    assert "1 kind left out" in page
    assert "1 weakness in" not in page
    viewer_client.post("/notifications/kinds/", {"kinds": [*shown, "exploited"]})
    assert "1 weakness in" in text(viewer_client.get("/notifications/"))
