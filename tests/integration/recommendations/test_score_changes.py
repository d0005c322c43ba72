"""Why the score moved: what runs store against the pure model, over random pairs of fleets, by a full run and by incremental ones."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import astuple, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.bulk import mark_dirty
from inventory.models import Machine
from recommendations import actions, rules, score_change_queries
from recommendations.explanations import explain_change, points_of
from recommendations.models import Cause, GroupScore, Run, ScoreChange, ScoreChangeDay, ScoreDay, ScoringSettings, WeaknessBasis
from recommendations.records import Effect, Fleet, FleetCheck, FleetMachine, FleetVersion, Match, ScoredWeakness, Weights
from tests.integration.recommendations.agreement import computed, granted, in_a_scratch_database, random_fleets
from tests.integration.recommendations.stored_fleets import NOW, Stored, become, store, store_effects
from tests.unit.recommendations.fleets import fleets
from weaknesses.models import VersionWeakness, Weakness

pytestmark = pytest.mark.django_db
WEIGHTS = Weights()
CHOICES: tuple[tuple[str, ...], ...] = (("default", "servers"), ("default",), ("servers",))


def stored_sums(runs: Sequence[int], groups: Sequence[int], *, excepted: bool = False) -> dict[str, tuple[float, float]]:
    """Cause -> change of (sum w, sum w E)."""
    found: dict[str, tuple[float, float]] = {}
    for row in ScoreChange.objects.filter(run_id__in=runs, group_id__in=groups):
        weight, exposure = found.get(row.cause, (0.0, 0.0))
        found[row.cause] = weight + row.weight, exposure + (row.exposure_after if excepted else row.exposure)
    return found


def sums_now(groups: Sequence[int], *, excepted: bool) -> tuple[float, float]:
    rows = GroupScore.objects.filter(group_id__in=groups)
    return sum(row.weight for row in rows), sum(row.exposure_after if excepted else row.exposure for row in rows)


class Recorder:
    """The runs since it was made, and the sums before them."""

    def __init__(self, stored: Stored) -> None:
        self.stored = stored
        self.before = {
            (choice, excepted): sums_now(self._ids(choice), excepted=excepted) for choice in CHOICES for excepted in (False, True)
        }
        self.newest = max(Run.objects.values_list("pk", flat=True), default=0)
        ScoreChange.objects.filter(run_id=self.newest).delete()  # an incremental run goes on in the same row

    def parts(self, choice: tuple[str, ...], *, excepted: bool) -> tuple[float, ...]:
        runs = list(Run.objects.filter(pk__gte=self.newest).values_list("pk", flat=True))
        found = stored_sums(runs, self._ids(choice), excepted=excepted)
        weight, exposure = self.before[choice, excepted]
        return points_of(weight, exposure, [found.get(cause, (0.0, 0.0)) for cause in Cause.values])

    def agrees(self, before: Fleet, after: Fleet, weights_after: Weights = WEIGHTS) -> None:
        for choice in CHOICES:
            for excepted in (False, True):
                wanted = explain_change(before, after, WEIGHTS, weights_after=weights_after, groups=choice, excepted=excepted)
                found = self.parts(choice, excepted=excepted)
                assert found == pytest.approx(astuple(wanted), abs=1e-9), (choice, excepted, found, wanted)

    def _ids(self, choice: tuple[str, ...]) -> list[int]:
        return [self.stored.groups[name] for name in choice]


def without_effects(fleet: Fleet) -> Fleet:
    return replace(fleet, effects=())


@random_fleets
@given(before=fleets(), after=fleets())
def test_a_full_run_stores_the_parts_of_the_model(before: Fleet, after: Fleet) -> None:
    def check() -> None:
        stored = computed(before)
        start = granted(before, stored)
        recorder = Recorder(stored)
        become(after, stored)
        actions.recompute(now=NOW)
        recorder.agrees(start, replace(after, effects=start.effects))
        again = Recorder(stored)
        store_effects(after.effects, stored)
        actions.apply_effects(now=NOW)
        again.agrees(replace(after, effects=start.effects), granted(after, stored))

    in_a_scratch_database(check)


@random_fleets
@given(before=fleets(), after=fleets(), limit=st.integers(1, 3))
def test_incremental_runs_store_the_same_parts(before: Fleet, after: Fleet, limit: int) -> None:
    """Scores of versions first, then machines a few at a time: each machine moves once, so the parts add up to those of one run."""

    def check() -> None:
        stored = computed(before)
        start = granted(before, stored)
        recorder = Recorder(stored)
        gone = {name: pk for name, pk in stored.machines.items() if name not in after.machines}
        become(after, stored)
        actions.score_versions(version_ids=list(stored.versions.values()), now=NOW)
        mark_dirty(now=NOW, machine_ids=list(stored.machines.values()))
        while actions.refresh_dirty(now=NOW, limit=limit):
            pass
        if gone:
            actions.recompute(now=NOW)
        recorder.agrees(start, replace(after, effects=start.effects))
        rest = Recorder(stored)
        actions.recompute(now=NOW)
        assert rest.parts(CHOICES[0], excepted=True) == pytest.approx((0.0,) * len(Cause.values), abs=1e-9)

    in_a_scratch_database(check)


@random_fleets
@given(before=fleets(), after=fleets())
def test_changed_settings_and_exceptions_are_told_from_the_rest(before: Fleet, after: Fleet) -> None:
    heavier = replace(WEIGHTS, half_hazard=2.0, floor_any=0.05, likelihood_base=0.4, value_high=5.0, no_fix_counts="always")

    def check() -> None:
        stored = computed(without_effects(before))
        recorder = Recorder(stored)
        become(after, stored)
        store_effects(after.effects, stored)
        ScoringSettings.objects.filter(pk=1).update(
            half_hazard=2.0, floor_any=0.05, likelihood_base=0.4, value_high=5.0, no_fix_counts="always"
        )
        known = granted(after, stored)
        actions.recompute(now=NOW)
        recorder.agrees(without_effects(before), known, heavier)

    in_a_scratch_database(check)


@random_fleets
@given(fleet=fleets(), other=fleets())
def test_facts_that_change_twice_between_full_runs_are_never_found_or_fixed(fleet: Fleet, other: Fleet) -> None:
    """An alert opens and closes, a score is corrected: machines rebuilt in between rest on other facts than the rest of the fleet."""

    def check() -> None:
        stored = computed(without_effects(fleet))
        recorder = Recorder(stored)
        names = sorted(fleet.machines)
        for facts in (other.weaknesses, fleet.weaknesses, other.weaknesses):
            become(replace(fleet, weaknesses=facts), stored)
            actions.score_versions(version_ids=list(stored.versions.values()), now=NOW)
            mark_dirty(now=NOW, machine_ids=[stored.machines[name] for name in names[::2]])
            actions.refresh_dirty(now=NOW)
            names.reverse()
        actions.recompute(now=NOW)
        parts = dict(zip(Cause.values, recorder.parts(CHOICES[0], excepted=False), strict=True))
        end = rules.organisation_score(replace(fleet, weaknesses=other.weaknesses), WEIGHTS)
        start = rules.organisation_score(fleet, WEIGHTS)
        assert parts.pop(Cause.INTELLIGENCE) == pytest.approx(end - start, abs=1e-9)
        assert list(parts.values()) == pytest.approx([0.0] * len(parts), abs=1e-9)
        newest = WeaknessBasis.objects.values_list("software_id", "weakness_id")
        assert len(newest) == len(set(newest))

    in_a_scratch_database(check)


def small_fleet() -> Fleet:
    return Fleet(
        machines={
            "m0": FleetMachine(versions=frozenset({"a@0"})),
            "m1": FleetMachine(versions=frozenset({"a@0"}), group="servers", checks={"scid-1": False}),
        },
        versions={
            "a@0": FleetVersion("a", matches={"CVE-2026-0001": Match()}),
            "a@1": FleetVersion("a", matches={}),
        },
        weaknesses={"CVE-2026-0001": ScoredWeakness(cvss=9.8, epss=0.2), "CVE-2026-0002": ScoredWeakness(cvss=5.0, epss=0.4)},
        checks={"scid-1": FleetCheck(impact=5)},
    )


def test_the_first_run_is_all_population() -> None:
    stored = store(small_fleet())
    run = actions.recompute(now=NOW)
    weight, exposure = sums_now(list(stored.groups.values()), excepted=False)
    assert stored_sums([run.pk], list(stored.groups.values())) == {"population": pytest.approx((weight, exposure))}


def test_an_unchanged_run_stores_nothing() -> None:
    computed(small_fleet())
    run = actions.recompute(now=NOW)
    assert not run.changes.exists()


def test_rebuilding_everything_afresh_moves_nothing() -> None:
    stored = store(small_fleet())
    actions.recompute(now=NOW)
    store_effects((Effect("va-_-a", mitigates=True), Effect("sca-_-scid-1", mitigates=True)), stored)
    actions.apply_effects(now=NOW)
    run = actions.recompute(now=NOW, afresh=True)
    assert not run.changes.exclude(cause__in=(Cause.CONFIGURATION,)).exists()


def test_days_add_up_to_the_change_of_their_history() -> None:
    fleet = small_fleet()
    stored = store(fleet)
    day = NOW.date()
    groups = list(stored.groups.values())

    def at(days: int, changed: Fleet, *, snapshot: bool = True) -> None:
        become(changed, stored)
        actions.recompute(now=NOW + dt.timedelta(days=days))
        if snapshot:
            actions.snapshot(day=day + dt.timedelta(days=days))

    Machine.objects.update(last_seen=NOW + dt.timedelta(days=5))
    at(0, fleet)
    worse = replace(fleet, weaknesses={**fleet.weaknesses, "CVE-2026-0001": ScoredWeakness(cvss=9.8, epss=0.9)})
    at(1, worse)
    done = replace(worse, machines={**worse.machines, "m0": FleetMachine(versions=frozenset({"a@1"}))})
    at(1, done, snapshot=False)  # after the day's snapshot: it is part of the next day's history
    at(3, replace(done, machines={"m0": done.machines["m0"]}))
    for recorded, earlier in ((1, 0), (3, 1)):
        rows = ScoreChangeDay.objects.filter(day=day + dt.timedelta(days=recorded), group_id__in=groups)
        exposure = _history(day + dt.timedelta(days=recorded)) - _history(day + dt.timedelta(days=earlier))
        assert sum(row.exposure for row in rows) == pytest.approx(exposure, abs=1e-12)
        assert {row.cause for row in rows} == ({"intelligence"} if recorded == 1 else {"fixed", "population"})
    assert not ScoreChangeDay.objects.filter(day=ScoreChangeDay.OPEN).exists()


def test_a_history_written_anew_replaces_what_a_day_said() -> None:
    fleet = small_fleet()
    stored = store(fleet)
    day = NOW.date()
    actions.recompute(now=NOW)
    for moment, epss in ((5, 0.3), (3, 0.5), (5, 0.9)):  # back in time, and forward again
        become(replace(fleet, weaknesses={**fleet.weaknesses, "CVE-2026-0001": ScoredWeakness(cvss=9.8, epss=epss)}), stored)
        actions.recompute(now=NOW)
        actions.snapshot(day=day + dt.timedelta(days=moment))
    rows = ScoreChangeDay.objects.filter(day=day + dt.timedelta(days=5))
    exposure = _history(day + dt.timedelta(days=5)) - _history(day + dt.timedelta(days=3))
    assert sum(row.exposure for row in rows) == pytest.approx(exposure, abs=1e-12)
    assert not ScoreChangeDay.objects.filter(day=day + dt.timedelta(days=3)).exists()


def test_nothing_is_recorded_until_a_full_run_has_taken_down_the_facts() -> None:
    """After an upgrade: what figures rest on is not known yet."""
    fleet = small_fleet()
    stored = computed(fleet)
    Run.objects.update(step=0)
    WeaknessBasis.objects.all().delete()
    become(replace(fleet, weaknesses={"CVE-2026-0001": ScoredWeakness(cvss=9.8, epss=0.9)}), stored)
    assert not actions.recompute(now=NOW).changes.exists()
    become(replace(fleet, weaknesses={"CVE-2026-0001": ScoredWeakness(cvss=9.8, epss=0.5)}), stored)
    assert {row.cause for row in actions.recompute(now=NOW).changes.all()} == {"intelligence"}


def test_a_rejected_weakness_is_learnt_not_fixed() -> None:
    fleet = small_fleet()
    stored = computed(fleet)
    Weakness.objects.filter(cve="CVE-2026-0001").update(rejected=True)
    VersionWeakness.objects.filter(weakness__cve="CVE-2026-0001").delete()
    assert {row.cause for row in actions.recompute(now=NOW).changes.all()} == {"intelligence"}
    become(replace(fleet, versions={**fleet.versions, "a@0": FleetVersion("a", matches={"CVE-2026-0002": Match()})}), stored)
    assert {row.cause for row in actions.recompute(now=NOW).changes.all()} == {"found"}
    become(replace(fleet, versions={**fleet.versions, "a@0": FleetVersion("a", matches={})}), stored)
    assert {row.cause for row in actions.recompute(now=NOW).changes.all()} == {"fixed"}


@pytest.mark.parametrize(
    ("changed", "cause"),
    [
        ({"versions": frozenset({"a@1"})}, "fixed"),
        ({"internet_facing": True}, "configuration"),
        ({"alerted": True}, "configuration"),
        ({"checks": {"scid-1": True}}, "configuration"),
        ({"active": False}, "population"),
        ({"group": "servers"}, "population"),
        ({"value": 2}, "value"),
    ],
)
def test_one_change_has_one_cause(changed: dict[str, object], cause: str) -> None:
    fleet = small_fleet()
    stored = computed(fleet)
    machine = replace(fleet.machines["m0"], **changed)  # type: ignore[arg-type]
    become(replace(fleet, machines={**fleet.machines, "m0": machine}), stored)
    mark_dirty(now=NOW, machine_ids=[stored.machines["m0"]])
    actions.refresh_dirty(now=NOW)
    assert {row.cause for row in ScoreChange.objects.filter(run__kind=Run.Kind.INCREMENTAL)} == {cause}
    run = Run.objects.get(kind=Run.Kind.INCREMENTAL)
    before = Run.objects.get(kind=Run.Kind.FULL)
    assert run.score is not None
    assert before.score is not None
    assert sum(part.points for part in score_change_queries.run_parts(run)) == pytest.approx(run.score - before.score, abs=1e-9)


def _history(day: dt.date) -> float:
    return sum(row.exposure for row in ScoreDay.objects.filter(day=day))
