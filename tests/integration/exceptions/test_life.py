"""Granting, precedence, approval, renewal, the clock and resurfacing."""

from __future__ import annotations

import datetime as dt
import threading
from dataclasses import replace

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from core.models import AuditEvent, OutgoingMail, User
from exceptions import actions, notices, queries, rules
from exceptions.errors import ExceptionRefused
from exceptions.models import ExceptionSettings, RiskException
from inventory.models import MachineGroup
from recommendations import actions as scores_of
from recommendations.models import Recommendation
from recommendations.records import Effect, ExceptedWeakness
from tests.integration.exceptions.world import DAY, FLEET, UNTIL, check, figures, grant, person, update, weakness, world
from tests.integration.recommendations.agreement import agree, in_a_scratch_database, random_fleets
from tests.integration.recommendations.stored_fleets import NOW, scores
from tests.integration.recommendations.test_scoring_incremental import same
from weaknesses.models import Weakness

pytestmark = pytest.mark.django_db


def state(exception: RiskException) -> str:
    return RiskException.objects.get(pk=exception.pk).status


def status(key: str = "va-_-a") -> str:
    return Recommendation.objects.get(key=key).status


def test_for_all_machines_it_hides_and_leaves_the_sums() -> None:
    stored = world()
    grant(update(), person("ada"))
    assert status() == "exception"
    agree(replace(FLEET, effects=(Effect("va-_-a", None, mitigates=True),)), stored)


def test_without_a_control_the_scores_stay() -> None:
    world()
    before = scores()
    grant(update(), person("ada"), justification="accept")
    assert status() == "exception"
    assert scores() == before


def test_for_a_group_it_is_partial_and_for_all_of_them_whole() -> None:
    stored = world()
    ada = person("ada")
    grant(update(), ada, groups=[stored.groups["servers"]])
    assert status() == "partial"
    grant(update(), ada, groups=[stored.groups["default"]], justification="accept")
    assert status() == "exception"
    agree(replace(FLEET, effects=(Effect("va-_-a", "servers", mitigates=True),)), stored)


def test_a_check_that_is_excepted_counts_as_passing() -> None:
    stored = world()
    before = queries.scores_after()
    grant(check(stored), person("ada"))
    agree(replace(FLEET, effects=(Effect("sca-_-scid-1", None, mitigates=True),)), stored)
    after = queries.scores_after()
    assert before.configuration is not None
    assert before.configuration == pytest.approx(100 / 3)
    assert after.configuration == 100.0


def test_a_weakness_leaves_the_sums_whatever_the_reason() -> None:
    stored = world()
    grant(weakness(), person("ada"), justification="no_patch")
    agree(replace(FLEET, excepted=(ExceptedWeakness("CVE-2026-0001"),)), stored)
    assert status() == "active"


def test_a_weakness_in_one_software_of_one_group() -> None:
    stored = world()
    grant(weakness(1, "a"), person("ada"), groups=[stored.groups["servers"]], justification="false_pos")
    agree(replace(FLEET, excepted=(ExceptedWeakness("CVE-2026-0001", "a", "servers"),)), stored)


def test_groups_are_suspended_behind_all_machines_and_go_on_afterwards() -> None:
    stored = world()
    ada = person("ada")
    part = grant(update(), ada, groups=[stored.groups["servers"]], until=NOW + 60 * DAY)
    between = figures()
    whole = grant(update(), ada, justification="accept")
    assert (state(part), state(whole)) == (rules.SUSPENDED, rules.IN_EFFECT)
    agree(FLEET, stored)
    late = grant(update(), ada, groups=[stored.groups["default"]], until=NOW + 10 * DAY)
    assert state(late) == rules.SUSPENDED
    actions.follow(now=NOW + 11 * DAY)
    assert state(late) == rules.EXPIRED
    actions.cancel(exception=whole, by=ada, now=NOW + 12 * DAY)
    assert state(part) == rules.IN_EFFECT
    assert figures() == between


def test_time_ends_it_and_brings_back_exactly_what_was_there() -> None:
    world()
    before = figures()
    made = grant(update(), person("ada"), until=NOW + 3 * DAY)
    assert actions.follow(now=NOW + 3 * DAY - dt.timedelta(seconds=1)) == 0
    assert actions.follow(now=NOW + 3 * DAY) == 1
    assert state(made) == rules.EXPIRED
    assert figures() == before
    assert actions.follow(now=NOW + 4 * DAY) == 0


def test_it_resurfaces_once_it_costs_half_more() -> None:
    stored = world()
    before = figures()
    made = grant(weakness(2), person("ada"))
    kept = grant(update("b"), User.objects.get(username="ada"), justification="accept")
    Weakness.objects.filter(cve="CVE-2026-0002").update(cvss=10.0, exploited=True)
    scores_of.recompute(now=NOW + DAY)
    assert actions.follow(now=NOW + DAY) == 1
    assert (state(made), state(kept)) == (rules.RESURFACED, rules.IN_EFFECT)
    noted = AuditEvent.objects.get(action="exception.resurface")
    assert "grew from" in noted.after["note"]
    assert figures()["weaknesses"] == before["weaknesses"]
    assert stored


def test_small_growth_and_other_settings_leave_it() -> None:
    world()
    ada = person("ada")
    made = grant(weakness(2), ada)
    actions.save_settings(approval_required=False, longest_days=365, growth=0.5, least_growth=90.0, by=ada, now=NOW)
    Weakness.objects.filter(cve="CVE-2026-0002").update(cvss=10.0, exploited=True)
    scores_of.recompute(now=NOW + DAY)
    assert actions.follow(now=NOW + DAY) == 0
    assert state(made) == rules.IN_EFFECT


def test_another_person_approves() -> None:
    stored = world()
    ada, bob = person("ada"), person("bob")
    ExceptionSettings.objects.create(approval_required=True)
    made = grant(update(), ada)
    assert state(made) == rules.PENDING
    agree(FLEET, stored)
    with pytest.raises(ExceptionRefused, match="another person"):
        actions.approve(exception=made, by=ada, note="", now=NOW)
    actions.approve(exception=made, by=bob, note="Seen.", now=NOW + DAY)
    made.refresh_from_db()
    assert (made.status, made.decided_by, made.starts_at) == (rules.IN_EFFECT, bob, NOW + DAY)
    agree(replace(FLEET, effects=(Effect("va-_-a", None, mitigates=True),)), stored)
    actions.renew(exception=made, until=NOW + 90 * DAY, context="Still so.", by=ada, now=NOW + 2 * DAY)
    made.refresh_from_db()
    assert (made.ends_at, made.asked_until) == (UNTIL, NOW + 90 * DAY)
    with pytest.raises(ExceptionRefused, match="another person"):
        actions.approve(exception=made, by=ada, note="", now=NOW)
    actions.approve(exception=made, by=bob, note="", now=NOW + 3 * DAY)
    made.refresh_from_db()
    assert (made.ends_at, made.context, made.asked_until) == (NOW + 90 * DAY, "Still so.", None)


def test_a_rejected_request_changes_nothing() -> None:
    stored = world()
    ExceptionSettings.objects.create(approval_required=True)
    made = grant(update(), person("ada"))
    actions.reject(exception=made, by=person("bob"), note="The fix is simple.", now=NOW)
    made.refresh_from_db()
    assert (made.status, made.decision_note) == (rules.REJECTED, "The fix is simple.")
    agree(FLEET, stored)
    with pytest.raises(ExceptionRefused):
        actions.approve(exception=made, by=person("cy"), note="", now=NOW)


def test_renewal_keeps_what_was_said_and_has_its_bounds() -> None:
    world()
    ada = person("ada")
    made = grant(update(), ada)
    for until in (UNTIL, NOW - DAY, NOW + 367 * DAY):
        with pytest.raises(ExceptionRefused):
            actions.renew(exception=made, until=until, context="More.", by=ada, now=NOW)
    actions.renew(exception=made, until=NOW + 90 * DAY, context="More.", by=ada, now=NOW + DAY)
    event = AuditEvent.objects.get(action="exception.renew")
    assert (event.before["context"], event.after["context"]) == ("Agreed with IT.", "More.")


def test_one_group_of_several_is_cancelled_alone() -> None:
    stored = world()
    ada = person("ada")
    made = grant(update(), ada, groups=list(stored.groups.values()))
    actions.cancel(exception=made, group_ids=[stored.groups["servers"]], by=ada, now=NOW)
    assert state(made) == rules.IN_EFFECT
    agree(replace(FLEET, effects=(Effect("va-_-a", "default", mitigates=True),)), stored)
    actions.cancel(exception=made, group_ids=[stored.groups["default"]], by=ada, now=NOW)
    assert state(made) == rules.CANCELLED
    agree(FLEET, stored)
    with pytest.raises(ExceptionRefused, match="already over"):
        actions.cancel(exception=made, by=ada, now=NOW)


def test_what_is_held_is_not_granted_again() -> None:
    stored = world()
    ada = person("ada")
    grant(update(), ada, groups=[stored.groups["servers"]])
    with pytest.raises(ExceptionRefused, match="Servers"):
        grant(update(), ada, groups=list(stored.groups.values()))
    offered = queries.group_choices([update()], groups=list(stored.groups.values()))
    assert [group.id for group in offered] == [stored.groups["default"]]
    grant(update(), ada)
    with pytest.raises(ExceptionRefused, match="all machines"):
        grant(update(), ada)


def test_it_ends_with_its_last_group() -> None:
    world()
    group = MachineGroup.objects.create(name="Lab", rank=9)
    made = grant(update(), person("ada"), groups=[group.pk])
    group.delete()
    assert actions.follow(now=NOW + DAY, growth=False) == 1
    assert state(made) == rules.CANCELLED
    assert made.parts.get().name == "Lab"


def test_requesters_are_told_once(settings: object) -> None:
    settings.EMAIL_HOST = "localhost"  # type: ignore[attr-defined]
    world()
    made = grant(update(), person("ada"))
    assert notices.tell_of_ends(now=UNTIL - 8 * DAY) == 0
    assert notices.tell_of_ends(now=UNTIL - 6 * DAY) == 1
    assert notices.tell_of_ends(now=UNTIL - 5 * DAY) == 0
    kept = OutgoingMail.objects.get()
    assert kept.address == "ada@example.org"
    assert f"/remediation/exceptions/{made.pk}/" in kept.text


def test_previews_are_what_comes() -> None:
    stored = world()
    ada = person("ada")
    servers = [stored.groups["servers"]]
    for subject, groups, reason in (
        (update(), servers, "control"),
        (check(stored), None, "control"),
        (weakness(1, "a"), None, "no_patch"),
        (weakness(1), servers, "accept"),
        (weakness(2), None, "other"),
        (update(), None, "accept"),
        (update("b"), None, "planned"),
    ):
        wanted = queries.preview([subject], groups=groups, justification=reason)
        made = grant(subject, ada, groups=groups, justification=reason)
        found = queries.scores_after()
        assert wanted.after.exposure == pytest.approx(found.exposure, abs=1e-9), subject.title
        assert wanted.after.configuration == pytest.approx(found.configuration), subject.title
        assert made.impact_when_granted == pytest.approx(queries.measure(subject, groups=groups).impact)


@random_fleets
@given(st.lists(st.tuples(st.sampled_from(("grant", "whole", "cancel", "expire", "weak")), st.integers(0, 3)), max_size=7))
def test_when_all_is_over_everything_is_as_before(steps: list[tuple[str, int]]) -> None:
    def run() -> None:
        stored = world()
        before, ada, now = figures(), person("ada"), NOW
        groups = list(stored.groups.values())
        for verb, number in steps:
            now += DAY
            subject = (update("a"), update("b"), check(stored), weakness(1 + number % 2))[number]
            try:
                if verb == "grant":
                    grant(subject, ada, groups=[groups[number % 2]], until=now + (2 + number) * DAY, now=now)
                elif verb == "whole":
                    grant(subject, ada, justification="accept" if number % 2 else "control", until=now + (1 + number) * DAY, now=now)
                elif verb == "weak":
                    grant(
                        weakness(1 + number % 2, "a" if number > 1 else ""),
                        ada,
                        groups=groups[: number % 2] or None,
                        until=now + 3 * DAY,
                        now=now,
                    )
                elif verb == "cancel":
                    for one in RiskException.objects.filter(status__in=rules.CURRENT)[:1]:
                        actions.cancel(exception=one, by=ada, now=now)
                else:
                    actions.follow(now=now, growth=False)
            except ExceptionRefused:
                continue
        actions.follow(now=now + 8 * DAY, growth=False)
        assert not RiskException.objects.filter(status__in=rules.CURRENT).exists()
        after = figures()
        for name, rows in before.items():
            assert same([list(r) for r in after[name]], [list(r) for r in rows]), name  # type: ignore[attr-defined]

    in_a_scratch_database(run)


@pytest.mark.django_db(transaction=True)
def test_of_two_at_once_one_is_granted() -> None:
    world()
    subject, people = update(), [person("ada"), person("bob")]
    outcomes: list[str] = []
    start = threading.Barrier(2)

    def ask(by: User) -> None:
        start.wait()
        try:
            grant(subject, by)
            outcomes.append("granted")
        except ExceptionRefused:
            outcomes.append("refused")
        finally:
            connection.close()

    threads = [threading.Thread(target=ask, args=(by,)) for by in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["granted", "refused"]
    assert RiskException.objects.filter(status=rules.IN_EFFECT).count() == 1
