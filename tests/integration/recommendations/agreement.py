"""Whether what a run left in the database is what the pure model says."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, settings

from inventory.models import SoftwareStat, VersionStat
from recommendations import actions, rules
from recommendations.models import MachineScore, Recommendation, RecommendationStat, WeaknessStat
from recommendations.records import Fleet, Weights
from tests.integration.recommendations.stored_fleets import NOW, Stored, impacts, scores, store, store_effects, store_excepted
from weaknesses.models import Weakness

WEIGHTS = Weights()
random_fleets = settings(
    max_examples=25,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # shrinking takes minutes with a database
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)


class Rollback(Exception):
    pass


def in_a_scratch_database(check: Callable[[], object]) -> None:
    """Run a check in a savepoint, so that every random fleet meets an empty database."""
    with suppress(Rollback), transaction.atomic():
        check()
        raise Rollback


def computed(fleet: Fleet) -> Stored:
    stored = store(fleet)
    actions.recompute(now=NOW)
    if fleet.effects or fleet.excepted:
        store_effects(fleet.effects, stored)
        store_excepted(fleet.excepted, stored)
        actions.apply_effects(now=NOW)
    return stored


def granted(fleet: Fleet, stored: Stored) -> Fleet:
    """The fleet with the exceptions that could be granted: on recommendations that existed at the time."""
    known = set(Recommendation.objects.values_list("key", flat=True))
    return replace(fleet, effects=tuple(effect for effect in fleet.effects if stored.key(effect.recommendation) in known))


def agree(fleet: Fleet, stored: Stored) -> None:
    """The database holds what the model says."""
    plain, after = scores()
    assert plain == pytest.approx(rules.organisation_score(fleet, WEIGHTS), abs=1e-9)
    assert after == pytest.approx(rules.organisation_score(fleet, WEIGHTS, after=True), abs=1e-9)
    _machines_agree(fleet, stored)
    _recommendations_agree(fleet, stored)
    _counts_agree(fleet, stored)


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
        left = sum(stat.exposed_after for stat in RecommendationStat.objects.filter(recommendation__key=key))
        assert left == rules.exposed_after(fleet, WEIGHTS, name)


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
        stats = {stat.group_id: stat.exposed for stat in WeaknessStat.objects.filter(weakness_id=pk)}
        for group, group_pk in stored.groups.items():
            here = sum(m.group == group and any(cve in fleet.versions[name].matches for name in m.versions) for m in active)
            assert stats.get(group_pk, 0) == here
