"""Rules, digests and what reaches a real mail server: by kind, severity, group and recipient, and never twice."""

from __future__ import annotations

import datetime as dt
import threading
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from core import mail, outbox
from core.models import AuditEvent, OutgoingMail, RoleBinding, User
from exceptions.models import ExceptionPart, RiskException
from inventory.models import Software
from recommendations.models import InaccuracyReport, Recommendation, ScoreDay
from remediation.models import Activity, ActivityTarget
from tests.mail_server import MailServer, html_of, mail_server, text_of
from tests.populations import Population, populate
from tvm_portal.models import NotificationRule, Occurrence, ToldOccurrence
from tvm_portal.notifications import actions, occurrences, posting, queries
from tvm_portal.notifications.actions import Draft, NameTaken
from weaknesses.models import Event, Feed, FeedRun, Weakness

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 3, 15, 12, 40, tzinfo=dt.UTC)
MINUTE, HOUR, DAY = dt.timedelta(minutes=1), dt.timedelta(hours=1), dt.timedelta(days=1)
ME, YOU = "me@example.org", "you@example.org"
PLAIN: dict[str, Any] = {
    "name": "Attacks",
    "description": "",
    "enabled": True,
    "all_groups": True,
    "groups": (),
    "kinds": ("exploited", "new_weakness"),
    "severity": 0,
    "impact": 1.0,
    "rise": 5.0,
    "frequency": "once",
    "weekday": 0,
    "hour": 8,
    "time_zone": "UTC",
    "naming": "counts",
    "organisation": "",
    "addresses": (ME,),
    "users": (),
}


@pytest.fixture
def made() -> Population:
    found = populate(machines=14, software=6, weaknesses=3, checks=5, now=NOW)
    Event.objects.all().delete()
    return found


@pytest.fixture
def server() -> Iterator[MailServer]:
    with mail_server() as found:
        yield found


def rule(by: User, now: dt.datetime = NOW, **changes: Any) -> NotificationRule:
    occurrences.collect(now=now)
    return actions.save_rule(rule=None, draft=Draft(**{**PLAIN, **changes}), by=by, now=now)


def event(made: Population, kind: str = "exploited", *, at: dt.datetime = NOW, software: int = 0, **values: object) -> Event:
    known = {"software": made.software[software], "weakness_ids": [made.weaknesses[0].pk], "machines": 1, "machines_total": 100}
    return Event.objects.create(kind=kind, at=at, **{**known, **values})


def go(now: dt.datetime = NOW + MINUTE) -> int:
    """A round of the worker; how many mails were queued."""
    queued = posting.post(now=now)
    outbox.deliver_due(clock=lambda: now)
    return queued


def test_an_attack_is_told_at_once_with_its_facts_and_links(made: Population, curator: User, server: MailServer) -> None:
    made_rule = rule(curator, organisation="Contoso", naming="names")
    event(made)
    assert go() == 1
    [got] = server.mails
    assert (got["To"], got["Subject"]) == (ME, "[Contoso] 1 weakness in Google Chrome is exploited in the wild")
    for said in (text_of(got), html_of(got)):
        assert made.weaknesses[0].cve in said
        assert "EPSS" in said
        assert "exploited in the wild" in said
        assert f"https://tvm.example.org/settings/notifications/{made_rule.pk}/" in said
        assert "https://tvm.example.org/timeline/?from=2026-03-15" in said
        assert made.machines[0].name in said
        assert "<script" not in said
    exposed = sum(stat.exposed for stat in made.software[0].stats.all())
    assert f"{exposed} machine" in text_of(got)
    assert got["Message-ID"] == f"<{OutgoingMail.objects.get().key}@tvm.example.org>"
    assert got["Auto-Submitted"] == "auto-generated"


def test_nobody_is_told_twice_however_often_the_worker_looks(made: Population, curator: User, server: MailServer) -> None:
    rule(curator)
    event(made)
    assert [go(), go(), go(NOW + DAY)] == [1, 0, 0]
    NotificationRule.objects.update(read_up_to=0)  # as if the mark had been lost
    assert go(NOW + DAY) <= 1
    assert len(server.mails) == 1
    assert ToldOccurrence.objects.filter(occurrence__kind="exploited").count() == 1


def test_kinds_and_severities_decide(made: Population, curator: User, server: MailServer) -> None:
    rule(curator, kinds=("new_weakness",), severity=4)
    Weakness.objects.filter(pk=made.weaknesses[0].pk).update(severity=3)
    event(made, "exploited")
    event(made, "new_weakness")
    assert go() == 0
    Weakness.objects.filter(pk=made.weaknesses[1].pk).update(severity=4)
    event(made, "new_weakness", weakness_ids=[made.weaknesses[0].pk, made.weaknesses[1].pk])
    assert go() == 1
    assert made.weaknesses[1].cve in text_of(server.mails[0])
    assert made.weaknesses[0].cve not in text_of(server.mails[0])


def test_a_rule_counts_and_tells_of_its_groups_alone(made: Population, curator: User, server: MailServer) -> None:
    edge = made.groups[1]
    rule(curator, all_groups=False, groups=(edge.pk,), naming="names")
    event(made)
    here = made.software[0].stats.filter(group=edge).get().exposed
    elsewhere = [machine.name for machine in made.machines if machine.group_id != edge.pk]
    go()
    said = text_of(server.mails[0])
    assert f"{here} machine" in said
    assert f"groups={edge.pk}" in said
    assert edge.name in said
    assert not any(name in said for name in elsewhere)
    made.software[1].stats.filter(group=edge).delete()
    event(made, software=1)
    assert go(NOW + HOUR) == 0


@pytest.mark.parametrize("all_groups", [True, False])
def test_a_rule_tells_of_no_group_that_its_owner_may_not_see_any_more(
    all_groups: bool, made: Population, curator: User, admin_user: User, server: MailServer
) -> None:
    kept, edge = made.groups[0], made.groups[1]
    told: dict[str, Any] = {"all_groups": all_groups, "groups": () if all_groups else (kept.pk, edge.pk), "naming": "names"}
    mine = rule(curator, **told)
    assert not queries.rule_rows()[0].narrowed
    RoleBinding.objects.filter(user=curator).update(machine_groups=[kept.pk])
    assert queries.rule_rows()[0].narrowed
    event(made)
    assert go() == 1
    said = text_of(server.mails[0])
    assert f"groups={kept.pk}" in said
    assert edge.name not in said
    assert not any(machine.name in said for machine in made.machines if machine.group_id != kept.pk)
    User.objects.filter(pk=curator.pk).update(is_active=False)
    event(made)
    assert go(NOW + HOUR) == 0
    actions.save_rule(rule=mine, draft=Draft(**{**PLAIN, **told}), by=admin_user, now=NOW + HOUR)
    event(made, at=NOW + HOUR)
    assert go(NOW + 2 * HOUR) == 1
    assert not queries.rule_rows()[0].narrowed


def test_new_recipients_get_what_happens_from_then_on(made: Population, curator: User, viewer: User, server: MailServer) -> None:
    daily: dict[str, Any] = {"frequency": "daily", "hour": 8}
    kept = rule(curator, **daily)
    event(made)
    posting.post(now=NOW + MINUTE)  # it is written down; the digest is not due
    viewer.email = "viewer@example.org"
    viewer.save()
    actions.save_rule(
        rule=kept, draft=Draft(**{**PLAIN, **daily, "addresses": (ME, YOU), "users": (viewer.pk,)}), by=curator, now=NOW + HOUR
    )
    event(made, "new_weakness", at=NOW + HOUR)
    assert go(NOW + DAY) == 3
    said = [text_of(server.to(address)[0]) for address in (ME, YOU, viewer.email)]
    assert ["EXPLOITED IN THE WILD" in text for text in said] == [True, False, False]
    assert ["NEW WEAKNESSES" in text for text in said] == [True, True, True]
    viewer.is_active = False
    viewer.save()
    event(made, at=NOW + DAY)
    assert go(NOW + 2 * DAY) == 2


def test_a_digest_comes_at_its_hour_through_the_change_of_clocks(made: Population, curator: User, server: MailServer) -> None:
    """Berlin puts its clocks forward on 29 March 2026: eight o'clock is 07:00 UTC before, and 06:00 after."""
    start = dt.datetime(2026, 3, 28, 12, tzinfo=dt.UTC)
    rule(curator, now=start, frequency="daily", hour=8, time_zone="Europe/Berlin")
    event(made, at=start)
    assert go(dt.datetime(2026, 3, 29, 5, 59, tzinfo=dt.UTC)) == 0
    assert go(dt.datetime(2026, 3, 29, 6, 0, tzinfo=dt.UTC)) == 1
    assert server.mails[0]["Subject"].startswith("Daily digest: ")
    assert NotificationRule.objects.get().next_at == dt.datetime(2026, 3, 30, 6, tzinfo=dt.UTC)
    assert go(dt.datetime(2026, 3, 30, 6, 0, tzinfo=dt.UTC)) == 0  # nothing happened


def test_a_burst_is_one_bounded_mail(made: Population, curator: User, server: MailServer) -> None:
    rule(curator, kinds=("exploited", "new_weakness"))
    ids = [weakness.pk for weakness in made.weaknesses]
    Event.objects.bulk_create(
        Event(kind="new_weakness", at=NOW, software=made.software[0], weakness_ids=ids, machines=3, machines_total=14)
        for _ in range(10_000)
    )
    event(made)
    assert go() == 1
    [got] = server.mails
    said = text_of(got)
    assert len(html_of(got)) < 60_000
    assert said.index("EXPLOITED IN THE WILD (1)") < said.index("NEW WEAKNESSES (10,000)")
    assert "and 9,990 more: https://tvm.example.org/timeline/" in said
    assert "type=new_weakness" in said


def test_an_event_that_is_written_late_is_not_lost(made: Population, curator: User, server: MailServer) -> None:
    first = event(made)
    rule(curator)
    late = event(made, at=NOW - 3 * DAY)
    assert late.pk > first.pk
    assert go() == 1
    skipped = Event.objects.create(pk=first.pk - 1, kind="kit", at=NOW, software=made.software[0]) if first.pk > 1 else None
    del skipped  # its number is below the first that was ever collected: it is from before the portal kept them
    assert go(NOW + HOUR) == 0


def test_a_hole_in_the_numbers_is_filled(made: Population, curator: User, server: MailServer) -> None:
    """A transaction that took its number first may commit last."""
    event(made)
    rule(curator)
    slow = event(made)
    number = slow.pk
    slow.delete()
    event(made)
    assert go() == 1
    event(made, id=number)
    assert go(NOW + HOUR) == 1


def test_requests_exceptions_feeds_and_reports_are_told(made: Population, curator: User, viewer: User, server: MailServer) -> None:
    kinds = (
        "completed",
        "overdue",
        "ticket_failed",
        "exception_ending",
        "exception_resurfaced",
        "exception_waiting",
        "feed_failing",
        "data_stale",
        "inaccuracy",
    )
    rule(curator, kinds=kinds)
    recommendation = made.recommendations[0]
    for status, due in (("active", NOW.date() - DAY), ("completed", NOW.date())):
        done = status == "completed"
        activity = Activity.objects.create(
            id=uuid.uuid4(),
            recommendation=recommendation,
            title=f"A fix that is {status}",
            kind="update",
            priority="high",
            status=status,
            due_on=due,
            created_at=NOW - 9 * DAY,
            completed_at=NOW if done else None,
            completion="automatic" if done else "",
        )
        ActivityTarget.objects.create(activity=activity, machine=made.machines[0])
    begun = NOW - 20 * DAY
    granted: dict[str, Any] = {"recommendation": recommendation, "justification": "accept", "impact_when_granted": 0}
    granted |= {"starts_at": begun, "requested_at": begun}
    RiskException.objects.create(all_machines=True, ends_at=NOW + 3 * DAY, **granted)
    RiskException.objects.create(all_machines=True, ends_at=NOW + 30 * DAY, status="resurfaced", ended_at=NOW, **granted)
    part = RiskException.objects.create(ends_at=NOW + 30 * DAY, status="pending", **{**granted, "recommendation": made.recommendations[1]})
    ExceptionPart.objects.create(exception=part, group=made.groups[0], name=made.groups[0].name)
    wanted: dict[str, Any] = {"recommendation": None, "weakness": made.weaknesses[2], "software": made.software[0]}
    RiskException.objects.create(all_machines=True, ends_at=NOW + 4 * DAY, **{**granted, **wanted})
    feed = Feed.objects.create(kind="kev")
    FeedRun.objects.create(feed=feed, state="failed", started_at=NOW, finished_at=NOW, error="The host is not known.")
    InaccuracyReport.objects.create(weakness=made.weaknesses[0], category="version", reported_by=viewer, reported_at=NOW)
    later = NOW + 30 * HOUR
    assert go(later) == 1
    said = text_of(server.mails[0])
    for words in (
        "Remediation is overdue: A fix that is active",
        "Remediation was completed: A fix that is completed",
        f"Exception is about to end: {recommendation.title}",
        f"Exception resurfaced: {recommendation.title}",
        f"Exception needs approval: {made.recommendations[1].title}",
        f"Exception is about to end: {made.weaknesses[2].cve} in Google Chrome",
        "https://tvm.example.org/remediation/exceptions/",
        "The host is not known.",
        "The figures are older than a day",
        f"Inaccuracy was reported: {made.weaknesses[0].cve}",
    ):
        assert words in said
    assert go(later + HOUR) == 0


def test_recommendations_zero_days_and_the_score_are_told(made: Population, curator: User, server: MailServer) -> None:
    rule(curator, kinds=("new_recommendation", "zero_day", "patched", "score_rose"), impact=0.0, rise=3.0)
    chosen = made.recommendations[1]
    Recommendation.objects.filter(pk=chosen.pk).update(first_seen=NOW + MINUTE, zero_day=True)
    today = ScoreDay.objects.filter(day=NOW.date())
    ScoreDay.objects.filter(day=NOW.date() - DAY).update(exposure=0)
    assert today.exists()
    assert go(NOW + HOUR) == 1
    said = text_of(server.mails[0])
    assert f"New recommendation: {chosen.title}" in said
    assert "points of the exposure score" in said
    assert f"New zero day: {chosen.title}" in said
    assert "The exposure score rose by" in said
    Recommendation.objects.filter(pk=chosen.pk).update(zero_day=False)
    assert go(NOW + 2 * HOUR) == 1
    assert f"There is a patch for a zero day: {chosen.title}" in text_of(server.mails[1])
    assert go(NOW + 3 * HOUR) == 0


@pytest.mark.parametrize(("answer", "state"), [("550 5.1.1 no such user", "failed"), ("450 4.2.0 greylisted", "waiting")])
def test_what_the_server_refuses_is_visible_and_tried_again_where_that_helps(
    answer: str, state: str, made: Population, curator: User, server: MailServer
) -> None:
    server.answers = {ME: answer}
    rule(curator, addresses=(ME, YOU))
    event(made)
    go()
    assert server.recipients == [YOU]
    kept = OutgoingMail.objects.get(address=ME)
    assert (kept.state, kept.attempts[0]["error"]) == (state, f"The mail server refused it: {answer}")
    server.answers = {}
    if state == "failed":
        assert outbox.replay(kept=kept, by=curator, now=NOW + HOUR)
        assert not outbox.replay(kept=OutgoingMail.objects.get(address=YOU), by=curator, now=NOW)
    outbox.deliver_due(clock=lambda: NOW + MINUTE)
    outbox.deliver_due(clock=lambda: NOW + HOUR)
    assert sorted(server.recipients) == [ME, YOU]
    kept.refresh_from_db()
    assert (kept.state, len(server.keys)) == ("sent", 2)


def test_pauses_grow_and_end(made: Population, curator: User, server: MailServer) -> None:
    server.answers = {"*": "451 later"}
    rule(curator)
    event(made)
    posting.post(now=NOW)
    now, waits = NOW, []
    while OutgoingMail.objects.get().state != "failed":
        outbox.deliver_due(clock=lambda now=now: now)  # type: ignore[misc]
        due = OutgoingMail.objects.get().due_at
        waits.append(due - now)
        now = due
    assert waits == [MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR, 4 * HOUR, 12 * HOUR, DAY, dt.timedelta(0)]


@pytest.mark.parametrize("takes_first", [False, True])
def test_a_server_that_hangs_up_gets_the_same_message_again(takes_first: bool, made: Population, curator: User, server: MailServer) -> None:
    server.hangs_up, server.takes_first = True, takes_first
    rule(curator)
    event(made)
    go()
    kept = OutgoingMail.objects.get()
    assert kept.state == "waiting"
    server.hangs_up = False
    outbox.deliver_due(clock=lambda: NOW + HOUR)
    assert set(server.keys) == {f"<{kept.key}@tvm.example.org>"}


def test_a_worker_that_dies_after_sending_leaves_a_mail_that_is_recognised(made: Population, curator: User, server: MailServer) -> None:
    rule(curator)
    event(made)
    posting.post(now=NOW)
    kept = OutgoingMail.objects.get()
    taken = outbox._take(now=NOW)
    assert taken is not None
    mail.hand_over(to=[kept.address], subject=kept.subject, text=kept.text, html=kept.html, key=str(kept.key))
    outbox.deliver_due(clock=lambda: NOW + MINUTE)
    assert len(server.mails) == 1  # nobody touches it while the worker may still be at it
    outbox.deliver_due(clock=lambda: NOW + HOUR)
    assert len(set(server.keys)) == 1
    kept.refresh_from_db()
    assert (kept.state, [set(attempt) for attempt in kept.attempts]) == ("sent", [{"at"}, {"at", "error"}])


def test_a_slow_server_is_given_up_for_now(made: Population, curator: User, server: MailServer) -> None:
    server.slow = 3
    rule(curator, addresses=(ME, YOU))
    event(made)
    posting.post(now=NOW)
    assert outbox.deliver_due(clock=lambda: NOW) == (0, 1)
    assert OutgoingMail.objects.filter(attempts=[]).count() == 1  # the others wait for the next round


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_send_one_mail(curator: User, server: MailServer) -> None:
    made = populate(machines=4, software=2, weaknesses=2, checks=1, now=NOW)
    Event.objects.all().delete()
    rule(curator)
    event(made)
    start = threading.Barrier(4)

    def work() -> None:
        start.wait()
        try:
            go()
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    go(NOW + HOUR)
    assert len(server.mails) == 1


def test_names_can_neither_add_headers_nor_markup(made: Population, curator: User, server: MailServer) -> None:
    Software.objects.filter(pk=made.software[0].pk).update(name="Evil\r\nBcc: all@example.org <script>alert(1)</script>")
    rule(curator, name="<b>Rule</b>", organisation="Contoso\r\nX-Bad: 1")
    event(made)
    go()
    [got] = server.mails
    assert (got["Bcc"], got["X-Bad"]) == (None, None)
    assert server.recipients == [ME]
    assert "<script>" not in html_of(got)
    assert "&lt;script&gt;" in html_of(got)
    assert "&lt;b&gt;Rule&lt;/b&gt;" in html_of(got)


def test_off_deleted_and_restored(made: Population, curator: User, server: MailServer) -> None:
    kept = rule(curator)
    actions.switch_rule(rule=kept, enabled=False, by=curator, now=NOW)
    event(made)
    assert go() == 0
    actions.switch_rule(rule=kept, enabled=True, by=curator, now=NOW)
    assert go() == 0  # what happened meanwhile is not told
    actions.delete_rule(rule=kept, by=curator, now=NOW)
    event(made)
    assert go() == 0
    other = actions.save_rule(rule=None, draft=Draft(**PLAIN), by=curator, now=NOW)
    with pytest.raises(NameTaken):
        actions.restore_rule(rule=kept, by=curator, now=NOW)
    actions.delete_rule(rule=other, by=curator, now=NOW)
    actions.restore_rule(rule=kept, by=curator, now=NOW)
    event(made)
    assert go(NOW + HOUR) == 1
    assert list(AuditEvent.objects.order_by("id").values_list("action", flat=True)) == [
        "add notification rule", "switch notification rule", "switch notification rule", "delete notification rule",
        "add notification rule", "delete notification rule", "restore notification rule",
    ]  # fmt: skip


def test_without_a_mail_server_nothing_is_kept_for_later(made: Population, curator: User, settings: Any) -> None:
    settings.EMAIL_HOST = ""
    rule(curator)
    event(made)
    assert posting.post(now=NOW + MINUTE) == 0
    assert not OutgoingMail.objects.exists()
    with mail_server():
        assert go(NOW + HOUR) == 0


def test_old_mails_and_occurrences_are_forgotten(made: Population, curator: User, server: MailServer) -> None:
    rule(curator)
    event(made)
    go()
    assert outbox.forget_old(now=timezone.now() + 400 * DAY) + occurrences.forget_old(now=NOW + 400 * DAY) > 0
    assert not OutgoingMail.objects.exists()
    assert not Occurrence.objects.filter(kind="exploited").exists()
