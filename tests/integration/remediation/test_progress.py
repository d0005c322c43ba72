"""A request from its targets to its end: progress comes from what machines report, and from nothing else."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from core.models import AuditEvent, User
from inventory.models import MachineGroup, Version
from inventory.versions import sort_key
from recommendations import actions as scoring
from recommendations.models import Recommendation
from recommendations.records import Fleet, FleetCheck, FleetMachine, FleetVersion, Match, ScoredWeakness
from remediation import actions, queries
from remediation.errors import AlreadyCompleted, NothingToDo
from remediation.models import Activity, ActivityTarget
from tests.integration.recommendations.stored_fleets import NOW, Stored, scores, store, store_machine
from weaknesses.models import VersionWeakness, Weakness

pytestmark = pytest.mark.django_db
LATER = NOW + dt.timedelta(hours=2)
OLD = FleetMachine(versions=frozenset({"editor@1"}))
FLEET = Fleet(
    machines={
        "m0": OLD,
        "m1": replace(OLD, group="servers"),
        "m2": FleetMachine(versions=frozenset({"server@1"}), checks={"scid-1": False}),
    },
    versions={
        "editor@1": FleetVersion("editor", matches={"CVE-1": Match()}),
        "editor@9": FleetVersion("editor"),
        "server@1": FleetVersion("server", matches={"CVE-2": Match(fixed=False)}),
    },
    weaknesses={"CVE-1": ScoredWeakness(cvss=9.0, epss=0.2), "CVE-2": ScoredWeakness(cvss=7.0, exploit=1)},
    checks={"scid-1": FleetCheck()},
)


@pytest.fixture
def stored() -> Stored:
    stored = store(FLEET)
    for version in Version.objects.select_related("software"):
        version.sort_key = sort_key(version.software.ecosystem, version.version)
        version.save()
    scoring.recompute(now=NOW)
    return stored


def every_group() -> list[int]:
    return list(MachineGroup.objects.values_list("pk", flat=True))


def asked(by: User, key: str = "va-_-editor", **more: object) -> Activity:
    values: dict[str, object] = {"group_ids": every_group(), "priority": "high", "due_on": NOW.date()} | more
    return actions.request_remediation(recommendation=Recommendation.objects.get(key=key), by=by, now=NOW, **values)  # type: ignore[arg-type]


def machines(stored: Stored, now: dt.datetime = LATER, **changed: FleetMachine) -> None:
    for name, machine in changed.items():
        store_machine(name, machine, stored)
    scoring.recompute(now=now)
    actions.follow_progress(now=now)


def fixed(activity: Activity) -> tuple[int, int, str, str]:
    activity.refresh_from_db()
    return activity.fixed_count, activity.target_count, activity.status, activity.completed_by


PATCHED = FleetMachine(versions=frozenset({"editor@9"}))


def test_targets_are_the_machines_that_need_it_when_it_is_asked_for(stored: Stored, curator: User) -> None:
    activity = asked(curator)
    assert set(activity.targets.values_list("machine__name", flat=True)) == {"m0", "m1"}
    assert activity.aims == [{"platform": "", "version": "9", "key": sort_key("cpe", "9")}]
    machines(stored, m3=OLD)
    assert fixed(activity)[:2] == (0, 2)
    only = asked(curator, group_ids=[stored.groups["servers"]])
    assert list(only.targets.values_list("machine__name", flat=True)) == ["m1"]
    assert only.group_names == ["Servers"]
    assert AuditEvent.objects.filter(action="remediation.request").count() == 2


def test_it_completes_by_itself_and_opens_again_when_a_machine_falls_back(stored: Stored, curator: User) -> None:
    activity = asked(curator)
    machines(stored, m0=PATCHED)
    assert fixed(activity) == (1, 2, "active", "")
    machines(stored, m1=replace(PATCHED, group="servers"))
    assert fixed(activity) == (2, 2, "completed", "System confirmation")
    assert actions.follow_progress(now=LATER) == 0
    machines(stored, m0=OLD)
    assert fixed(activity) == (1, 2, "active", "")
    assert list(AuditEvent.objects.filter(actor="system").order_by("id").values_list("action", flat=True)) == [
        "remediation.complete",
        "remediation.reopen",
    ]


def test_what_becomes_known_later_asks_for_a_request_of_its_own(stored: Stored, curator: User) -> None:
    activity = asked(curator)
    machines(stored, m0=PATCHED, m1=replace(PATCHED, group="servers"))
    news = Weakness.objects.create(cve="CVE-3", cvss=9.8, severity=4, epss=0.5, source="test")
    version = Version.objects.get(version="9")
    match = VersionWeakness.objects.get(weakness__cve="CVE-1")
    match.pk, match.weakness, match.fixed, match.fixed_key = (version.pk, news.pk), news, "10", sort_key("cpe", "10")
    match.version = version
    match.save(force_insert=True)
    machines(stored)
    assert Recommendation.objects.get(key="va-_-editor").present
    assert fixed(activity) == (2, 2, "completed", "System confirmation")


def test_the_score_becomes_what_the_form_said(stored: Stored, curator: User) -> None:
    said = queries.reach(Recommendation.objects.get(key="va-_-editor"), chosen=[stored.groups["servers"]], groups=every_group())
    assert said.before == pytest.approx(scores()[0])
    machines(stored, m1=replace(PATCHED, group="servers"))
    assert said.after == pytest.approx(scores()[0], abs=1e-9)


def test_a_silent_machine_is_not_a_fixed_one(stored: Stored, curator: User) -> None:
    activity = asked(curator)
    machines(stored, m0=replace(OLD, active=False))
    assert fixed(activity)[:3] == (0, 2, "active")


def test_a_check_is_done_where_it_passes(stored: Stored, curator: User) -> None:
    activity = asked(curator, key=stored.key("sca-_-scid-1"))
    assert (activity.target_count, activity.aims) == (1, [])
    machines(stored, m2=replace(FLEET.machines["m2"], checks={"scid-1": True}))
    assert fixed(activity)[:3] == (1, 1, "completed")


def test_what_needs_attention_has_nothing_to_measure(stored: Stored, curator: User) -> None:
    activity = asked(curator, key="va-_-server-_-attention")
    assert (activity.target_count, activity.due_on) == (0, None)
    actions.follow_progress(now=LATER)
    assert fixed(activity)[2] == "active"


def test_a_request_that_reaches_no_machine_is_refused_and_leaves_nothing(stored: Stored, curator: User) -> None:
    with pytest.raises(NothingToDo):
        asked(curator, key=stored.key("sca-_-scid-1"), group_ids=[stored.groups["servers"]])
    assert not Activity.objects.exists()
    assert not AuditEvent.objects.exists()


def test_completed_by_hand_it_stays_so_until_somebody_opens_it(stored: Stored, curator: User) -> None:
    activity = asked(curator)
    actions.complete_activity(activity=activity, by=curator, now=LATER)
    machines(stored)
    assert fixed(activity) == (0, 2, "completed", "curator")
    with pytest.raises(AlreadyCompleted):
        actions.complete_activity(activity=activity, by=curator, now=LATER)
    actions.reopen_activity(activity=activity, by=curator, now=LATER)
    assert fixed(activity)[2:] == ("active", "")


def test_completed_ones_are_kept_for_half_a_year(stored: Stored, curator: User) -> None:
    activity = asked(curator)
    actions.complete_activity(activity=activity, by=curator, now=LATER)
    assert actions.forget_old(now=LATER + dt.timedelta(days=180)) == 0
    assert actions.forget_old(now=LATER + dt.timedelta(days=181)) == 1
    assert not ActivityTarget.objects.exists()
