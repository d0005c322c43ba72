"""The full run over slices against the pure model and the run in one transaction, with other computations in between."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.slices import slices
from inventory.bulk import mark_dirty
from inventory.models import DirtyMachine, SoftwareStat, VersionStat
from recommendations import actions, bulk, fanned, fanned_actions
from recommendations.errors import RunUnderWay
from recommendations.explanations import explain_change
from recommendations.models import (
    Cause,
    FannedRun,
    PendingCause,
    PendingContribution,
    PendingGroup,
    PendingHolding,
    RestatedVersion,
    Run,
    RunSlice,
    ScoringSettings,
)
from recommendations.records import Fleet, FleetMachine, FleetVersion, Match, ScoredWeakness
from tests.integration.recommendations.agreement import agree, computed, granted, in_a_scratch_database, random_fleets
from tests.integration.recommendations.stored_fleets import NOW, Stored, become, store, store_effects, store_excepted, store_machine
from tests.integration.recommendations.test_score_changes import CHOICES, WEIGHTS, Recorder, stored_sums, sums_now
from tests.integration.recommendations.test_scoring_incremental import everything_shown, same
from tests.unit.recommendations.fleets import fleets

pytestmark = pytest.mark.django_db
few_fleets = settings(random_fleets, max_examples=10)
LATER = NOW + dt.timedelta(seconds=1)


def prepared() -> uuid.UUID:
    token = fanned_actions.prepare(now=NOW)
    assert token is not None
    return token


def fan_out(between: Callable[[int], None] = lambda _: None) -> Run:
    """A full run over slices; `between` is called before each of them and before the end."""
    token = prepared()
    count = RunSlice.objects.count()
    for number in range(count):
        between(number)
        assert fanned_actions.score_slice(token=token, number=number)
    between(count)
    run = fanned_actions.finish(token=token, now=NOW)
    assert run is not None
    assert nothing_is_left()
    return run


def nothing_is_left() -> bool:
    tables = (FannedRun, RunSlice, RestatedVersion, PendingHolding, PendingCause, PendingContribution, PendingGroup)
    return not any(table._default_manager.exists() for table in tables)


def equals_a_run_in_one_transaction() -> None:
    shown = everything_shown()
    actions.recompute(now=NOW, afresh=True)
    for table, rows in everything_shown().items():
        assert same(shown[table], rows), table


def causes_add_up(recorder: Recorder, stored: Stored) -> None:
    runs = list(Run.objects.filter(pk__gte=recorder.newest).values_list("pk", flat=True))
    for choice in CHOICES:
        ids = [stored.groups[name] for name in choice]
        for excepted in (False, True):
            told = stored_sums(runs, ids, excepted=excepted).values()
            before, now = recorder.before[choice, excepted], sums_now(ids, excepted=excepted)
            for part in (0, 1):
                assert sum(one[part] for one in told) == pytest.approx(now[part] - before[part], abs=1e-9), (choice, excepted)


@few_fleets
@given(before=fleets(), after=fleets(), touched=st.lists(st.integers(0, 8), min_size=4, max_size=4))
def test_slices_and_reports_between_them_store_what_the_model_says(before: Fleet, after: Fleet, touched: list[int]) -> None:
    """Each machine moves once, by its slice or by an incremental run: figures and causes are those of one run."""

    def check() -> None:
        stored = computed(before)
        start = granted(before, stored)
        recorder = Recorder(stored)
        become(after, stored)
        machines = sorted(stored.machines.values())

        def between(number: int) -> None:
            if number in touched and machines:
                mark_dirty(now=LATER, machine_ids=[machines[(number + touched.count(number)) % len(machines)]])
                actions.refresh_dirty(now=NOW)

        fan_out(between)
        end = replace(after, effects=start.effects, excepted=start.excepted)
        recorder.agrees(start, end) if not start.excepted else causes_add_up(recorder, stored)
        agree(end, stored)
        equals_a_run_in_one_transaction()

    in_a_scratch_database(check)


@few_fleets
@given(fleet=fleets(), other=fleets(), third=fleets(), moments=st.lists(st.integers(0, 8), min_size=3, max_size=3))
def test_what_changes_during_a_run_is_counted_once(fleet: Fleet, other: Fleet, third: Fleet, moments: list[int]) -> None:
    """Facts, contents, groups and exceptions move while slices are done, and are taken by incremental runs and grants."""
    facts_at, reports_at, grant_at = moments
    names = tuple(fleet.versions)
    machines = {
        name: replace(
            machine,
            versions=frozenset(names[(len(name) + position) % len(names)] for position, _ in enumerate(sorted(machine.versions))),
            checks={check: ok for check, ok in machine.checks.items() if check in fleet.checks},
        )
        for name, machine in third.machines.items()
        if names
    }
    facts = {cve: other.weaknesses.get(cve, known) for cve, known in fleet.weaknesses.items()}

    def check() -> None:
        stored = computed(fleet)
        final = granted(fleet, stored)
        recorder = Recorder(stored)
        become(replace(fleet, weaknesses={cve: third.weaknesses.get(cve, known) for cve, known in fleet.weaknesses.items()}), stored)

        def between(number: int) -> None:
            nonlocal final
            if number == facts_at:
                final = replace(final, weaknesses=facts)
                become(final, stored)
                actions.score_versions(version_ids=list(stored.versions.values()), now=NOW)
                mark_dirty(now=LATER, machine_ids=list(stored.machines.values()))
            if number == reports_at:
                for name, machine in machines.items():
                    stored.machines[name] = store_machine(name, machine, stored)
                final = replace(final, machines={**final.machines, **machines})
                mark_dirty(now=LATER, machine_ids=[stored.machines[name] for name in machines])
            if number == grant_at:
                store_effects(other.effects, stored)
                store_excepted(tuple(one for one in other.excepted if one.weakness in stored.weaknesses), stored)
                actions.apply_effects(now=NOW)
                kept = tuple(one for one in other.excepted if one.weakness in stored.weaknesses)
                final = granted(replace(final, effects=other.effects, excepted=kept), stored)
            actions.refresh_dirty(now=NOW, limit=2)

        fan_out(between)
        while actions.refresh_dirty(now=NOW, limit=2):
            pass
        causes_add_up(recorder, stored)
        agree(final, stored)
        assert not DirtyMachine.objects.exists()
        equals_a_run_in_one_transaction()

    in_a_scratch_database(check)


def small_fleet(machines: int = 20) -> Fleet:
    return Fleet(
        machines={
            f"m{n}": FleetMachine(versions=frozenset({"a@0", f"b@{n % 2}"}), group="servers" if n % 3 else "default")
            for n in range(machines)
        },
        versions={
            "a@0": FleetVersion("a", matches={"CVE-2026-0001": Match()}),
            "a@1": FleetVersion("a", matches={}),
            "b@0": FleetVersion("b", matches={"CVE-2026-0002": Match()}),
            "b@1": FleetVersion("b", matches={}),
        },
        weaknesses={"CVE-2026-0001": ScoredWeakness(cvss=9.8, epss=0.2), "CVE-2026-0002": ScoredWeakness(cvss=5.0, epss=0.4)},
    )


def moved(fleet: Fleet) -> Fleet:
    return replace(fleet, weaknesses={**fleet.weaknesses, "CVE-2026-0001": ScoredWeakness(cvss=9.8, epss=0.9)})


def test_the_first_run_can_be_over_slices() -> None:
    fleet = small_fleet()
    stored = store(fleet)
    mark_dirty(now=NOW, machine_ids=list(stored.machines.values()))
    run = fan_out(lambda _: None if actions.refresh_dirty(now=NOW) == 0 else pytest.fail("the first full run has not ended"))
    assert {change.cause for change in run.changes.all()} == {Cause.POPULATION}
    assert not DirtyMachine.objects.exists()
    agree(fleet, stored)


def test_an_unchanged_fleet_adds_nothing_up() -> None:
    computed(small_fleet())
    fan_out()
    token = prepared()
    for number in range(RunSlice.objects.count()):
        fanned_actions.score_slice(token=token, number=number)
    assert not RunSlice.objects.filter(summed=True).exists()
    run = fanned_actions.finish(token=token, now=NOW)
    assert run is not None
    assert not run.changes.exists()


def test_slices_with_nothing_to_do_are_added_up_before_the_end() -> None:
    """One machine changes before the run, and another when all are added up."""
    fleet = small_fleet()
    stored = computed(fleet)
    fan_out()
    names = sorted(stored.machines)
    for name in names[:1]:
        store_machine(name, FleetMachine(versions=frozenset({"b@1"})), stored)
    token = prepared()
    for number in fanned_actions.left():
        fanned_actions.score_slice(token=token, number=number)
    waiting = fanned_actions.left_to_sum()
    assert 0 < len(waiting) == RunSlice.objects.filter(summed=False).count() < RunSlice.objects.count()
    for number in (*waiting, waiting[0]):
        assert fanned_actions.sum_slice(token=token, number=number)
    assert fanned_actions.left_to_sum() == ()
    store_machine(names[1], FleetMachine(versions=frozenset({"b@1"})), stored)
    mark_dirty(now=LATER, machine_ids=[stored.machines[names[1]]])
    actions.refresh_dirty(now=NOW)
    assert fanned_actions.finish(token=token, now=NOW) is not None
    assert not fanned_actions.sum_slice(token=token, number=0)
    assert nothing_is_left()
    agree(replace(fleet, machines={**fleet.machines, **dict.fromkeys(names[:2], FleetMachine(versions=frozenset({"b@1"})))}), stored)
    equals_a_run_in_one_transaction()


@pytest.mark.parametrize("sliced", [False, True])
def test_a_report_that_comes_in_while_a_run_reads_is_counted(monkeypatch: pytest.MonkeyPatch, sliced: bool) -> None:
    """The run found that a machine is to be scored anew, for what is known of its software; then other software is reported of it."""
    fleet = small_fleet()
    stored = computed(fleet)
    known = {cve: replace(weakness, epss=0.5) for cve, weakness in fleet.weaknesses.items()}
    after = replace(fleet, weaknesses=known)
    become(after, stored)
    other = {
        name: replace(machine, versions=frozenset({"a@1" if "b@1" in machine.versions else "b@1"}))
        for name, machine in fleet.machines.items()
    }
    find, found = bulk.changed_machines, set[int]()

    def find_and_change(scope: bulk.Scope) -> list[int]:
        due = find(scope)
        for name, machine in other.items():
            if stored.machines[name] in due:
                store_machine(name, machine, stored)
                mark_dirty(now=LATER, machine_ids=[stored.machines[name]])
                found.add(stored.machines[name])
        return due

    with monkeypatch.context() as patched:
        patched.setattr(bulk, "changed_machines", find_and_change)
        if sliced:
            fan_out()
        else:
            actions.recompute(now=NOW)
    assert found
    while actions.refresh_dirty(now=NOW):
        pass
    agree(
        replace(
            after, machines={name: other[name] if stored.machines[name] in found else machine for name, machine in fleet.machines.items()}
        ),
        stored,
    )


def test_pages_show_the_old_sums_until_the_end() -> None:
    fleet = small_fleet()
    stored = computed(fleet)
    become(moved(fleet), stored)
    old = everything_shown()
    token = prepared()
    for number in range(RunSlice.objects.count()):
        fanned_actions.score_slice(token=token, number=number)
        now = everything_shown()
        assert all(same(now[table], old[table]) for table in ("RecommendationStat", "GroupScore", "VersionStat", "SoftwareStat"))
    fanned_actions.finish(token=token, now=NOW)
    agree(moved(fleet), stored)


def test_stages_are_done_once_however_often_they_are_asked_for() -> None:
    fleet = small_fleet()
    stored = computed(fleet)
    become(moved(fleet), stored)
    token = prepared()
    for number in (0, 0, 1, 0):
        assert fanned_actions.score_slice(token=token, number=number)
    assert fanned_actions.finish(token=token, now=NOW) is not None  # does the others itself
    assert fanned_actions.finish(token=token, now=NOW) is None
    assert not fanned_actions.score_slice(token=token, number=0)
    agree(moved(fleet), stored)
    equals_a_run_in_one_transaction()


def test_a_run_in_one_transaction_takes_over_what_an_unfinished_one_left() -> None:
    fleet = small_fleet()
    stored = computed(fleet)
    recorder = Recorder(stored)
    become(moved(fleet), stored)
    token = prepared()
    for number in range(3):
        fanned_actions.score_slice(token=token, number=number)
    actions.recompute(now=NOW)
    assert nothing_is_left()
    assert fanned_actions.finish(token=token, now=NOW) is None
    wanted = explain_change(fleet, moved(fleet), WEIGHTS, groups=CHOICES[0])
    assert recorder.parts(CHOICES[0], excepted=False) == pytest.approx(
        [getattr(wanted, name) for name in wanted.__dataclass_fields__], abs=1e-9
    )
    agree(moved(fleet), stored)


def test_two_runs_exclude_each_other_and_the_second_follows() -> None:
    computed(small_fleet())
    prepared()
    with pytest.raises(RunUnderWay):
        fanned_actions.prepare(now=NOW)


def test_other_settings_take_one_transaction() -> None:
    computed(small_fleet())
    ScoringSettings.objects.update(half_hazard=2.0)
    assert fanned_actions.prepare(now=NOW) is None
    assert nothing_is_left()


def test_a_machine_that_reports_a_new_version_during_the_run_waits_for_the_next_incremental_one() -> None:
    fleet = small_fleet()
    stored = computed(fleet)
    after = replace(fleet, versions={**fleet.versions, "c@0": FleetVersion("c", matches={}, line_ended=True)})
    token = prepared()
    become(after, stored)
    after = replace(after, machines={**after.machines, "m0": FleetMachine(versions=frozenset({"c@0"}))})
    store_machine("m0", after.machines["m0"], stored)
    mark_dirty(now=NOW, machine_ids=[stored.machines["m0"]])
    fanned_actions.finish(token=token, now=NOW)
    assert DirtyMachine.objects.count() == 1
    actions.refresh_dirty(now=NOW)
    agree(after, stored)


def test_progress_names_the_slices_that_are_left() -> None:
    computed(small_fleet())
    assert fanned_actions.progress() is None
    token = prepared()
    fanned_actions.score_slice(token=token, number=2)
    found = fanned_actions.progress()
    assert found is not None
    assert (found.token, found.slices, 2 in found.left, found.idle) == (token, len(slices(fanned.TABLES)), False, False)
    idle = fanned_actions.progress(lease=dt.timedelta(0))
    assert idle is not None
    assert idle.idle


def test_what_a_slice_has_not_counted_yet_is_not_taken_off() -> None:
    """A machine gets a version that nobody had, is done by its slice, and loses it again before the end."""
    fleet = small_fleet()
    stored = computed(fleet)
    store_machine("m0", FleetMachine(versions=frozenset({"a@1"})), stored)
    token = prepared()
    for number in fanned_actions.left():
        fanned_actions.score_slice(token=token, number=number)
    machine = FleetMachine(versions=frozenset({"b@1"}))
    store_machine("m0", machine, stored)
    mark_dirty(now=LATER, machine_ids=[stored.machines["m0"]])
    actions.refresh_dirty(now=NOW)
    assert not VersionStat.objects.filter(installed__lte=0).exists()
    assert not SoftwareStat.objects.filter(installed__lt=0).exists()
    fanned_actions.finish(token=token, now=NOW)
    agree(replace(fleet, machines={**fleet.machines, "m0": machine}), stored)
    equals_a_run_in_one_transaction()
