"""Excepted weaknesses in the sums after exceptions: full and incremental runs against the pure model, and back again."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.bulk import mark_dirty
from recommendations import actions, rules
from recommendations.models import Cause, ExceptedScore, Exposure, GroupScore, ScoreChange
from recommendations.records import ExceptedWeakness, Fleet, FleetMachine, FleetVersion, Match, ScoredWeakness
from tests.integration.recommendations.agreement import WEIGHTS, agree, computed, granted, in_a_scratch_database, random_fleets
from tests.integration.recommendations.stored_fleets import NOW, Stored, become, scores, store_excepted, store_machine
from tests.integration.recommendations.test_scoring_incremental import Step, everything_shown, follow, histories, same
from tests.unit.recommendations.fleets import excepted_weaknesses, fleets

pytestmark = pytest.mark.django_db

TWO = Fleet(
    machines={
        "m0": FleetMachine(versions=frozenset({"a@0", "a@1"})),
        "m1": FleetMachine(versions=frozenset({"a@0"}), group="servers"),
        "m2": FleetMachine(versions=frozenset({"b@0"})),
    },
    versions={
        "a@0": FleetVersion("a", matches={"CVE-2026-0001": Match(), "CVE-2026-0002": Match()}),
        "a@1": FleetVersion("a", matches={"CVE-2026-0001": Match()}),
        "b@0": FleetVersion("b", matches={"CVE-2026-0001": Match()}),
    },
    weaknesses={"CVE-2026-0001": ScoredWeakness(cvss=9.8, exploited=True), "CVE-2026-0002": ScoredWeakness(cvss=5.0, epss=0.3)},
)


def except_now(fleet: Fleet, stored: Stored) -> None:
    store_excepted(fleet.excepted, stored)
    actions.apply_effects(now=NOW)


@random_fleets
@given(history=histories(), excepted=excepted_weaknesses, later=excepted_weaknesses)
def test_figures_after_exceptions_are_those_of_the_model(
    history: tuple[Fleet, list[list[Step]]], excepted: tuple[ExceptedWeakness, ...], later: tuple[ExceptedWeakness, ...]
) -> None:
    fleet, batches = history

    def check() -> None:
        stored = computed(replace(fleet, excepted=excepted))
        now = granted(replace(fleet, excepted=excepted), stored)
        agree(now, stored)
        now = follow(now, batches, stored)
        agree(now, stored)
        now = replace(now, excepted=later)
        except_now(now, stored)
        agree(now, stored)
        kept = everything_shown()
        actions.recompute(now=NOW, afresh=True)
        for table, rows in everything_shown().items():
            assert same(kept[table], rows), table

    in_a_scratch_database(check)


@random_fleets
@given(before=fleets(), after=fleets(), excepted=excepted_weaknesses, limit=st.integers(1, 3))
def test_news_about_an_excepted_weakness_is_followed(
    before: Fleet, after: Fleet, excepted: tuple[ExceptedWeakness, ...], limit: int
) -> None:
    """By a full run, and by scores of versions first and machines a few at a time. The parts of the change add up.

    What a check weighs stays: incremental runs leave that to the next full one.
    """
    after = replace(after, checks=before.checks)

    def check(*, whole: bool) -> None:
        stored = computed(replace(before, excepted=excepted))
        start = granted(before, stored)
        ScoreChange.objects.all().delete()
        before_sum = sum(row.exposure_after for row in GroupScore.objects.all())
        gone = set(stored.machines) - set(after.machines)
        become(after, stored)
        if not whole:
            mark_dirty(now=NOW, machine_ids=list(stored.machines.values()))  # as intake does in the transaction that changes them
            actions.score_versions(version_ids=list(stored.versions.values()), now=NOW)
            while actions.refresh_dirty(now=NOW, limit=limit):
                pass
        if whole or gone:
            actions.recompute(now=NOW)
        agree(replace(after, effects=start.effects, excepted=excepted), stored)
        moved = sum(row.exposure_after for row in ScoreChange.objects.all())
        assert moved == pytest.approx(sum(row.exposure_after for row in GroupScore.objects.all()) - before_sum, abs=1e-9)

    in_a_scratch_database(lambda: check(whole=True))
    in_a_scratch_database(lambda: check(whole=False))


def test_an_exception_equals_removal_and_its_end_restores_exactly() -> None:
    stored = computed(TWO)
    plain, before = scores(), everything_shown()
    one = replace(TWO, excepted=(ExceptedWeakness("CVE-2026-0001"),))
    except_now(one, stored)
    agree(one, stored)
    without = {name: replace(v, matches={k: m for k, m in v.matches.items() if k == "CVE-2026-0002"}) for name, v in TWO.versions.items()}
    assert scores()[0] == plain[0]
    assert scores()[1] == pytest.approx(rules.organisation_score(replace(TWO, versions=without), WEIGHTS))
    except_now(TWO, stored)
    assert everything_shown() == before
    assert not ExceptedScore.objects.exists()
    assert not Exposure.objects.filter(relief__isnull=False).exists()


def test_one_software_in_one_group() -> None:
    fleet = replace(TWO, excepted=(ExceptedWeakness("CVE-2026-0001", "a", "default"),))
    stored = computed(fleet)
    agree(fleet, stored)
    cleared = set(Exposure.objects.filter(relief__isnull=False).values_list("machine__name", flat=True))
    assert cleared == {"m0"}


def test_a_machine_that_changes_group_leaves_its_exceptions() -> None:
    fleet = replace(TWO, excepted=(ExceptedWeakness("CVE-2026-0001", None, "servers"),))
    stored = computed(fleet)
    moved = replace(fleet.machines["m1"], group="default")
    store_machine("m1", moved, stored)
    mark_dirty(now=NOW, machine_ids=[stored.machines["m1"]])
    actions.refresh_dirty(now=NOW)
    agree(replace(fleet, machines={**fleet.machines, "m1": moved}), stored)


def test_granting_moves_the_score_by_exceptions_alone() -> None:
    stored = computed(TWO)
    ScoreChange.objects.all().delete()
    before = sum(row.exposure_after for row in GroupScore.objects.all())
    except_now(replace(TWO, excepted=(ExceptedWeakness("CVE-2026-0001"),)), stored)
    moved = {
        row.cause: row.exposure_after for row in ScoreChange.objects.filter(exposure_after__lt=-1e-12, group_id=stored.groups["default"])
    }
    assert set(moved) == {Cause.EXCEPTIONS}
    total = sum(row.exposure_after for row in ScoreChange.objects.all())
    assert total == pytest.approx(sum(row.exposure_after for row in GroupScore.objects.all()) - before, abs=1e-9)
