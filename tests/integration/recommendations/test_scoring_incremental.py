"""The incremental run against the pure model and against a full run, over random sequences of changes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from django.db.models import Model, QuerySet
from hypothesis import given
from hypothesis import strategies as st

from inventory.bulk import mark_dirty
from inventory.models import DirtyMachine, Machine, MachineGroup, Software, SoftwareStat, VersionStat
from recommendations import actions
from recommendations.models import Exposure, GroupScore, MachineScore, Recommendation, RecommendationStat, WeaknessStat
from recommendations.records import Fleet, FleetMachine
from tests.integration.recommendations.agreement import agree, computed, granted, in_a_scratch_database, random_fleets
from tests.integration.recommendations.stored_fleets import NOW, Stored, store_machine
from tests.unit.recommendations.fleets import fleets
from weaknesses.models import Weakness

pytestmark = pytest.mark.django_db

Step = tuple[str, FleetMachine]


@st.composite
def histories(draw: st.DrawFn) -> tuple[Fleet, list[list[Step]]]:
    """A fleet, and batches of machines that then report something else (or for the first time)."""
    fleet, other = draw(fleets()), draw(fleets())
    versions, checks = tuple(fleet.versions), tuple(fleet.checks)
    machines = [
        replace(
            machine,
            versions=frozenset(versions[hash(name) % len(versions)] for name in sorted(machine.versions)),
            checks={check: ok for check, ok in machine.checks.items() if check in checks},
        )
        for machine in other.machines.values()
    ]
    steps = (
        draw(st.lists(st.lists(st.tuples(st.sampled_from(("m0", "m1", "m2", "m9")), st.sampled_from(machines)), max_size=3), max_size=4))
        if machines
        else []
    )
    return fleet, steps


def follow(fleet: Fleet, batches: list[list[Step]], stored: Stored) -> Fleet:
    for batch in batches:
        for name, machine in batch:
            stored.machines[name] = store_machine(name, machine, stored)
            fleet = replace(fleet, machines={**fleet.machines, name: machine})
        mark_dirty(now=NOW, machine_ids=[stored.machines[name] for name, _ in batch])
        actions.refresh_dirty(now=NOW)
    return fleet


def everything_shown() -> dict[str, list[dict[str, Any]]]:
    """All rows that a screen reads, by table."""
    tables: list[type[Model]] = [Exposure, MachineScore, RecommendationStat, GroupScore, VersionStat, SoftwareStat, WeaknessStat]
    found = {
        table.__name__: sorted(table._default_manager.values(), key=lambda row: [v for k, v in row.items() if k.endswith("_id")])
        for table in tables
    }
    columns: dict[QuerySet[Any], tuple[str, ...]] = {
        Recommendation.objects.exclude(present=False, resolved_at=None).order_by("key"): (
            *("key", "kind", "title", "status", "present"),
            *("weakness_count", "top_weakness_id", "exploited"),
        ),
        Software.objects.order_by("key"): ("key", "installed_count", "exposed_count", "version_count", "weakness_count"),
        Weakness.objects.order_by("cve"): ("cve", "exposed_count"),
        MachineGroup.objects.order_by("pk"): ("pk", "machine_count"),
    }
    found |= {rows.model.__name__: list(rows.values(*names)) for rows, names in columns.items()}
    return found


def same(left: Any, right: Any) -> bool:
    if isinstance(left, float) and isinstance(right, float):
        return left == pytest.approx(right, abs=1e-9)
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    return bool(left == right)


@random_fleets
@given(history=histories())
def test_incremental_runs_equal_a_full_run(history: tuple[Fleet, list[list[Step]]]) -> None:
    fleet, batches = history

    def check() -> None:
        stored = computed(fleet)
        final = follow(granted(fleet, stored), batches, stored)
        agree(final, stored)
        incremental = everything_shown()
        actions.recompute(now=NOW, afresh=True)
        full = everything_shown()
        for table, rows in full.items():
            assert same(incremental[table], rows), table
        assert not DirtyMachine.objects.exists()

    in_a_scratch_database(check)


@random_fleets
@given(history=histories())
def test_a_full_run_finds_machines_that_nobody_marked(history: tuple[Fleet, list[list[Step]]]) -> None:
    fleet, batches = history

    def check() -> None:
        stored = computed(fleet)
        final = granted(fleet, stored)
        for name, machine in (step for batch in batches for step in batch):
            stored.machines[name] = store_machine(name, machine, stored)
            final = replace(final, machines={**final.machines, name: machine})
        actions.recompute(now=NOW)
        agree(final, stored)

    in_a_scratch_database(check)


def test_a_deleted_machine_leaves_every_sum() -> None:
    from recommendations.records import FleetVersion, Match, ScoredWeakness

    fleet = Fleet(
        machines={"m0": FleetMachine(versions=frozenset({"a@0"})), "m1": FleetMachine(versions=frozenset({"a@0"}))},
        versions={"a@0": FleetVersion("a", matches={"CVE-2026-0001": Match()})},
        weaknesses={"CVE-2026-0001": ScoredWeakness(cvss=9.8, exploited=True)},
    )
    stored = computed(fleet)
    Machine.objects.filter(external_id="m1").delete()
    actions.recompute(now=NOW)
    agree(replace(fleet, machines={"m0": fleet.machines["m0"]}), stored)
