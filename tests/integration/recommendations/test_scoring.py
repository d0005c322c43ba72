"""The runs over sets against the pure model, on random fleets."""

from __future__ import annotations

from contextlib import suppress

import pytest
from django.db import connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from inventory.models import ConfigurationResult
from recommendations import actions, rules
from recommendations.impacts import together
from recommendations.models import Recommendation, RecommendationDay, RecommendationStat, ScoreDay, VersionScore
from recommendations.records import Fleet, FleetMachine, FleetVersion, Match, ScoredWeakness, Weights
from tests.integration.recommendations.agreement import Rollback, agree, computed, in_a_scratch_database, random_fleets
from tests.integration.recommendations.stored_fleets import NOW, impacts, scores
from tests.unit.recommendations.fleets import fleets

pytestmark = pytest.mark.django_db


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


@random_fleets
@given(fleet=fleets(), picks=st.sets(st.integers(0, 20), max_size=4))
def test_impact_of_several_together_is_computed_with_their_sum(fleet: Fleet, picks: set[int]) -> None:
    def check() -> None:
        stored = computed(fleet)
        needed = sorted(rules.recommendations(fleet, Weights()))
        chosen = {needed[pick % len(needed)] for pick in picks} if needed else set()
        ids = Recommendation.objects.filter(key__in=[stored.key(key) for key in chosen]).values_list("pk", flat=True)
        found = together(recommendation_ids=list(ids))
        assert found.impact == pytest.approx(rules.impact(fleet, Weights(), chosen), abs=1e-9)

    in_a_scratch_database(check)


@random_fleets
@given(fleet=fleets())
def test_removing_a_recommendation_from_the_database_lowers_the_score_by_its_impact(fleet: Fleet) -> None:
    """Property 4, with nothing but the database: delete what a recommendation removes, run again, compare."""

    def check() -> None:
        computed(fleet)
        before = scores()[0]
        for key, (_, impact, _) in impacts().items():
            with suppress(Rollback), transaction.atomic():
                remove(Recommendation.objects.get(key=key))
                actions.recompute(now=NOW)
                assert before - scores()[0] == pytest.approx(impact, abs=1e-9)
                raise Rollback

    in_a_scratch_database(check)


def remove(recommendation: Recommendation) -> None:
    """Carry it out everywhere."""
    if recommendation.configuration_id:
        ConfigurationResult.objects.filter(configuration_id=recommendation.configuration_id).update(passed=True)
    for version in VersionScore.objects.filter(recommendation=recommendation).values_list("version_id", flat=True):
        with connection.cursor() as cursor:
            cursor.execute(
                "DELETE FROM weaknesses_versionweakness m USING part_pair p, recommendations_recommendation r, inventory_software s "
                "WHERE p.version_id = m.version_id AND p.weakness_id = m.weakness_id AND s.id = p.software_id "
                "AND r.key = 'va-_-' || s.key || p.slot AND r.id = %s AND m.version_id = %s",
                [recommendation.pk, version],
            )


def test_a_snapshot_may_be_taken_twice() -> None:
    fleet = Fleet(
        machines={"m0": FleetMachine(versions=frozenset({"a@0"}))},
        versions={"a@0": FleetVersion("a", matches={"CVE-2026-0001": Match()})},
        weaknesses={"CVE-2026-0001": ScoredWeakness(cvss=9.8, exploited=True)},
    )
    computed(fleet)
    for _ in range(2):
        actions.snapshot(day=NOW.date())
    day = RecommendationDay.objects.get()
    assert (day.day, day.exposed, day.installed) == (NOW.date(), 1, 1)
    assert sum(row.machines for row in ScoreDay.objects.all()) == 1
