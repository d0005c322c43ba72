"""The properties that docs/algorithms/scoring.md promises, on random fleets. Property 6 (SQL) is in the integration tests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import TypeVar

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from recommendations import rules
from recommendations.explanations import explain_change
from recommendations.records import Delta, Effect, Fleet, FleetCheck, FleetMachine, FleetVersion, Match, ScoredWeakness, Weights
from tests.unit.recommendations.fleets import CVES, fleets, weaknesses

WEIGHTS = Weights()
SLACK = 1e-9
Value = TypeVar("Value")
many = settings(max_examples=150, deadline=None)


def score(fleet: Fleet, *, after: bool = False) -> float:
    return rules.organisation_score(fleet, WEIGHTS, after=after)


def with_entry(mapping: Mapping[str, Value], key: str, value: Value) -> dict[str, Value]:
    return {**mapping, key: value}


def machines_changed(fleet: Fleet, name: str, **changes: object) -> Fleet:
    return replace(fleet, machines=with_entry(fleet.machines, name, replace(fleet.machines[name], **changes)))  # type: ignore[arg-type]


class TestProperty1AddingADetectionNeverLowersTheScoreAndFixingOneNeverRaisesIt:
    @many
    @given(fleet=fleets(), data=st.data())
    def test_a_match(self, fleet: Fleet, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(fleet.versions)))
        version = fleet.versions[name]
        cve = data.draw(st.sampled_from(CVES))
        assume(cve not in version.matches)
        matches = with_entry(version.matches, cve, data.draw(st.builds(Match, fixed=st.booleans())))
        more = replace(fleet, versions=with_entry(fleet.versions, name, replace(version, matches=matches)))
        assert score(more) >= score(fleet) - SLACK

    @many
    @given(fleet=fleets(), data=st.data())
    def test_an_installation(self, fleet: Fleet, data: st.DataObject) -> None:
        assume(fleet.machines)
        name = data.draw(st.sampled_from(sorted(fleet.machines)))
        version = data.draw(st.sampled_from(sorted(fleet.versions)))
        more = machines_changed(fleet, name, versions=fleet.machines[name].versions | {version})
        assert score(more) >= score(fleet) - SLACK


class TestProperty2WorseningAnInputNeverLowersTheScore:
    @many
    @given(fleet=fleets(), cve=st.sampled_from(CVES), worse=weaknesses)
    def test_intelligence(self, fleet: Fleet, cve: str, worse: ScoredWeakness) -> None:
        now = fleet.weaknesses[cve]
        raised = ScoredWeakness(
            cvss=None if now.cvss is None else max(now.cvss, worse.cvss or 0.0),
            severity=now.severity,
            epss=max(now.epss, worse.epss),
            exploit=max(now.exploit, worse.exploit),
            exploited=now.exploited or worse.exploited,
            alerted=now.alerted or worse.alerted,
        )
        assert score(replace(fleet, weaknesses=with_entry(fleet.weaknesses, cve, raised))) >= score(fleet) - SLACK

    @many
    @given(fleet=fleets(), data=st.data())
    def test_posture(self, fleet: Fleet, data: st.DataObject) -> None:
        assume(fleet.machines)
        name = data.draw(st.sampled_from(sorted(fleet.machines)))
        assert score(machines_changed(fleet, name, internet_facing=True)) >= score(fleet) - SLACK
        assert score(machines_changed(fleet, name, alerted=True)) >= score(fleet) - SLACK

    @many
    @given(fleet=fleets(), data=st.data())
    def test_a_check_that_begins_to_fail(self, fleet: Fleet, data: st.DataObject) -> None:
        checked = [(name, check) for name, machine in fleet.machines.items() for check in machine.checks]
        assume(checked)
        name, check = data.draw(st.sampled_from(checked))
        failing = machines_changed(fleet, name, checks=with_entry(fleet.machines[name].checks, check, False))
        assert score(failing) >= score(fleet) - SLACK


class TestProperty3TheScoreIsFrom0ToBelow100And0OnlyWhereNothingCounts:
    @many
    @given(fleet=fleets())
    def test_range(self, fleet: Fleet) -> None:
        assert 0 <= score(fleet) < 100

    @many
    @given(fleet=fleets())
    def test_zero(self, fleet: Fleet) -> None:
        bases = [rules.machine_hazard(machine, fleet, WEIGHTS).bases for machine in fleet.machines.values() if machine.active]
        assert (score(fleet) == 0) == (not any(any(found.values()) for found in bases))


class TestProperty4AnImpactIsTheScoreMinusTheScoreWithoutIt:
    @many
    @given(fleet=fleets())
    def test_from_sums(self, fleet: Fleet) -> None:
        """The sums over machines, which is how it is stored, give the difference of two whole computations."""
        total = sum(rules.value_weight(machine.value, WEIGHTS) for machine in fleet.machines.values() if machine.active)
        for key in rules.recommendations(fleet, WEIGHTS):
            expected = 100 * rules.sums(fleet, WEIGHTS, key).impact / total
            assert rules.impact(fleet, WEIGHTS, {key}) == pytest.approx(expected, abs=1e-9)

    @many
    @given(fleet=fleets())
    def test_the_impacts_never_exceed_the_score(self, fleet: Fleet) -> None:
        software = [key for key in rules.recommendations(fleet, WEIGHTS) if key.startswith("va-")]
        assert sum(rules.impact(fleet, WEIGHTS, {key}) for key in software) <= score(fleet) + SLACK


class TestProperty5OrderAndDuplicatesChangeNothing:
    @many
    @given(fleet=fleets(), order=st.randoms(use_true_random=False))
    def test_order(self, fleet: Fleet, order: object) -> None:
        def shuffled(mapping: Mapping[str, Value]) -> dict[str, Value]:
            items = list(mapping.items())
            order.shuffle(items)  # type: ignore[attr-defined]
            return dict(items)

        versions = {name: replace(version, matches=shuffled(version.matches)) for name, version in fleet.versions.items()}
        other = replace(fleet, machines=shuffled(fleet.machines), versions=shuffled(versions), effects=fleet.effects * 2)
        assert score(other) == pytest.approx(score(fleet), abs=1e-9)
        assert score(other, after=True) == pytest.approx(score(fleet, after=True), abs=1e-9)


class TestProperty7AMitigatingExceptionEqualsRemovalAndExpiryRestores:
    @many
    @given(fleet=fleets())
    def test_everywhere(self, fleet: Fleet) -> None:
        plain = replace(fleet, effects=())
        for key in rules.recommendations(fleet, WEIGHTS):
            excepted = replace(plain, effects=(Effect(key, mitigates=True),))
            assert score(excepted, after=True) == pytest.approx(rules.organisation_score(plain, WEIGHTS, {key}), abs=1e-9)
            assert score(excepted) == score(plain)
            assert score(replace(excepted, effects=()), after=True) == score(plain)

    @many
    @given(fleet=fleets())
    def test_other_justifications_change_no_sum(self, fleet: Fleet) -> None:
        effects = tuple(Effect(key) for key in rules.recommendations(fleet, WEIGHTS))
        assert score(replace(fleet, effects=effects), after=True) == score(replace(fleet, effects=()))


class TestProperty8ThePartsOfADeltaSumToTheDelta:
    @many
    @given(before=fleets(), after=fleets(), excepted=st.booleans(), groups=st.sampled_from((None, ("default",), ("servers",))))
    def test_any_two_fleets_and_any_groups(self, before: Fleet, after: Fleet, excepted: bool, groups: tuple[str, ...] | None) -> None:
        def of_groups(fleet: Fleet) -> Fleet:
            return replace(fleet, machines={k: m for k, m in fleet.machines.items() if groups is None or m.group in groups})

        heavier = replace(WEIGHTS, half_hazard=2.0, value_high=5.0)
        delta = explain_change(before, after, WEIGHTS, weights_after=heavier, groups=groups, excepted=excepted)
        parts = sum(getattr(delta, part.name) for part in fields(Delta))
        end = rules.organisation_score(of_groups(after), heavier, after=excepted)
        assert parts == pytest.approx(end - score(of_groups(before), after=excepted), abs=1e-9)
        if groups is None:  # of some groups only, the mean moves with each factor
            assert delta.found >= -SLACK >= delta.fixed - 2 * SLACK

    @many
    @given(fleet=fleets(), cve=st.sampled_from(CVES), other=weaknesses)
    def test_what_is_learnt_is_neither_found_nor_fixed(self, fleet: Fleet, cve: str, other: ScoredWeakness) -> None:
        delta = explain_change(fleet, replace(fleet, weaknesses=with_entry(fleet.weaknesses, cve, other)), WEIGHTS)
        assert all(abs(getattr(delta, part.name)) < SLACK for part in fields(Delta) if part.name != "intelligence")

    def test_each_part_names_its_cause(self) -> None:
        machine = FleetMachine(versions=frozenset({"a@1"}), checks={"scid-1": True})
        before = Fleet(
            machines={"m": machine, "n": FleetMachine()},
            versions={"a@1": FleetVersion("a", matches={"CVE-1": Match()}), "b@1": FleetVersion("b", matches={"CVE-1": Match()})},
            weaknesses={"CVE-1": ScoredWeakness(cvss=8.8)},
            checks={"scid-1": FleetCheck()},
        )
        both = frozenset({"a@1", "b@1"})
        causes = {
            "found": (before, machines_changed(before, "m", versions=both)),
            "intelligence": (before, replace(before, weaknesses={"CVE-1": ScoredWeakness(cvss=8.8, exploited=True)})),
            "configuration": (before, machines_changed(before, "m", checks={"scid-1": False})),
            "population": (before, replace(before, machines={"m": machine})),
            "value": (before, machines_changed(before, "m", value=2)),
            "fixed": (machines_changed(before, "m", versions=both), before),
            "exceptions": (before, replace(before, effects=(Effect("va-_-a", mitigates=True),))),
        }
        for cause, (then, now) in causes.items():
            delta = explain_change(then, now, WEIGHTS)
            assert (getattr(delta, cause) < 0) == (cause in {"fixed", "exceptions"})
            assert getattr(delta, cause) != 0
            assert all(getattr(delta, part.name) == 0 for part in fields(Delta) if part.name != cause)
        weighed = explain_change(before, before, WEIGHTS, weights_after=replace(WEIGHTS, half_hazard=0.5))
        assert weighed.settings > 0
        assert all(getattr(weighed, part.name) == 0 for part in fields(Delta) if part.name != "settings")
