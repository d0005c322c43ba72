"""The runs over sets against the pure model, on random fleets."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings

from inventory.models import SoftwareStat, VersionStat
from recommendations import actions, rules
from recommendations.models import MachineScore, RecommendationStat
from recommendations.records import Fleet, Weights
from tests.integration.recommendations.stored_fleets import NOW, Stored, impacts, scores, store, store_effects
from tests.unit.recommendations.fleets import fleets
from weaknesses.models import Weakness

pytestmark = pytest.mark.django_db
WEIGHTS = Weights()
random_fleets = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)


class Rollback(Exception):
    pass


def in_a_scratch_database(check: Any) -> None:
    """Run a check in a savepoint, so that every random fleet meets an empty database."""
    with pytest.raises(Rollback), transaction.atomic():
        check()
        raise Rollback


def computed(fleet: Fleet) -> Stored:
    stored = store(fleet)
    actions.recompute(now=NOW)
    if fleet.effects:
        store_effects(fleet.effects, stored)
        actions.apply_effects(now=NOW)
    return stored


def agree(fleet: Fleet, stored: Stored) -> None:
    """The database holds what the model says."""
    wanted = existing(fleet)
    plain, after = scores()
    assert plain == pytest.approx(rules.organisation_score(wanted, WEIGHTS), abs=1e-9)
    assert after == pytest.approx(rules.organisation_score(wanted, WEIGHTS, after=True), abs=1e-9)
    _machines_agree(wanted, stored)
    _recommendations_agree(wanted, stored)
    _counts_agree(wanted, stored)


def existing(fleet: Fleet) -> Fleet:
    """Without effects on recommendations that nobody needs: there is nothing to except from."""
    return fleet


def _machines_agree(fleet: Fleet, stored: Stored) -> None:
    found = {row.machine_id: row for row in MachineScore.objects.all()}
    for name, machine in fleet.machines.items():
        row = found.pop(stored.machines[name], None)
        assert (row is not None) == machine.active
        if row is not None:
            wanted = rules.machine_hazard(machine, fleet, WEIGHTS)
            assert row.likelihood == pytest.approx(wanted.likelihood, abs=1e-9)
            assert row.hazard == pytest.approx(wanted.hazard, abs=1e-9)
            assert row.score == pytest.approx(wanted.score, abs=1e-9)
            assert (row.level, row.exposures) == (wanted.level, len(wanted.bases))
    assert not found


def _recommendations_agree(fleet: Fleet, stored: Stored) -> None:
    needed = {stored.key(key): key for key in rules.recommendations(fleet, WEIGHTS)}
    found = impacts()
    assert found.keys() == needed.keys()
    for key, name in needed.items():
        exposed, impact, after = found[key]
        assert exposed == rules.sums(fleet, WEIGHTS, name).exposed
        assert impact == pytest.approx(rules.impact(fleet, WEIGHTS, {name}), abs=1e-9)
        assert after == pytest.approx(rules.impact(fleet, WEIGHTS, {name}, after=True), abs=1e-9)


def _counts_agree(fleet: Fleet, stored: Stored) -> None:
    active = [machine for machine in fleet.machines.values() if machine.active]
    for name, pk in stored.versions.items():
        held = sum(name in machine.versions for machine in active)
        assert sum(stat.installed for stat in VersionStat.objects.filter(version_id=pk)) == held
    for software in {version.software for version in fleet.versions.values()}:
        held = sum(any(fleet.versions[name].software == software for name in machine.versions) for machine in active)
        assert sum(stat.installed for stat in SoftwareStat.objects.filter(software__key=software)) == held
    for cve, pk in stored.weaknesses.items():
        exposed = sum(any(cve in fleet.versions[name].matches for name in machine.versions) for machine in active)
        assert Weakness.objects.get(pk=pk).exposed_count == exposed


@random_fleets
@given(fleet=fleets())
def test_sql_equals_the_reference(fleet: Fleet) -> None:
    """Property 6."""
    in_a_scratch_database(lambda: agree(fleet, computed(fleet)))


@random_fleets
@given(fleet=fleets())
def test_a_second_run_changes_nothing(fleet: Fleet) -> None:
    """Property 5: order, duplicates and repetition."""

    def check() -> None:
        stored = computed(fleet)
        before = list(RecommendationStat.objects.order_by("recommendation_id", "group_id").values())
        assert actions.recompute(now=NOW).machines == 0
        assert list(RecommendationStat.objects.order_by("recommendation_id", "group_id").values()) == before
        agree(fleet, stored)

    in_a_scratch_database(check)
