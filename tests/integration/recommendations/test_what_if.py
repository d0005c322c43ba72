"""What the scores would be: the figures of the page against a run after it was really done."""

from __future__ import annotations

from contextlib import suppress

import pytest
from django.db import transaction
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from inventory.models import MachineGroup
from recommendations import actions, rules, what_if_queries
from recommendations.models import MachineScore, Recommendation
from recommendations.records import Fleet, FleetMachine, FleetVersion, Match, ScoredWeakness, Weights
from tests import worlds
from tests.integration.pages import queries, text
from tests.integration.recommendations.agreement import Rollback, computed, in_a_scratch_database, random_fleets
from tests.integration.recommendations.stored_fleets import NOW, scores
from tests.integration.recommendations.test_scoring import remove
from tests.unit.recommendations.fleets import fleets

pytestmark = pytest.mark.django_db
PAGE = "/recommendations/what-if/"


def groups() -> list[int]:
    return list(MachineGroup.objects.values_list("pk", flat=True))


def ids(client: Client, number: int = 4) -> list[int]:
    return [row.id for row in client.get("/recommendations/").context["rows"][:number]]


def address(picks: list[int]) -> str:
    return f"{PAGE}?pick={','.join(map(str, picks))}"


@random_fleets
@given(fleet=fleets(), picks=st.lists(st.integers(0, 20), min_size=1, max_size=4, unique=True))
def test_the_figures_are_those_of_a_run_after_it_was_done(fleet: Fleet, picks: list[int]) -> None:
    def check() -> None:
        stored = computed(fleet)
        needed = sorted(rules.recommendations(fleet, Weights()))
        if not needed:
            return
        keys = list(dict.fromkeys(needed[pick % len(needed)] for pick in picks))
        chosen = [Recommendation.objects.get(key=stored.key(key)) for key in keys]
        plan = what_if_queries.plan([recommendation.pk for recommendation in chosen], groups=groups(), with_levels=True)
        assert plan.now is not None
        assert plan.then == pytest.approx(plan.now.score - rules.impact(fleet, Weights(), keys), abs=1e-9)
        assert sum(planned.adds for planned in plan.rows) == pytest.approx(plan.impact, abs=1e-9)
        with suppress(Rollback), transaction.atomic():
            for recommendation in chosen:
                remove(recommendation)
            actions.recompute(now=NOW)
            assert plan.then == pytest.approx(scores()[0], abs=1e-9)
            found = {level.tone: MachineScore.objects.filter(level=number).count() for number, level in enumerate(reversed(plan.levels))}
            # What is out of support exposes also without a weakness, and is not taken off the machines here.
            if not any(version.ended or version.line_ended for version in fleet.versions.values()):
                assert {level.tone: level.then for level in plan.levels} == found
            raise Rollback

    in_a_scratch_database(check)


def test_each_row_adds_what_is_left_and_the_order_changes_no_sum(viewer_client: Client) -> None:
    versions = {f"{name}@0": FleetVersion(name, matches={f"CVE-2026-000{number}": Match()}) for number, name in enumerate("abc")}
    weaknesses = {f"CVE-2026-000{number}": ScoredWeakness(cvss=9.8 - number, exploited=number == 1) for number in range(3)}
    carried = (("a@0", "b@0", "c@0"), ("a@0", "b@0"), ("c@0",), ())
    machines = {f"m{number}": FleetMachine(versions=frozenset(names)) for number, names in enumerate(carried)}
    computed(Fleet(machines=machines, versions=versions, weaknesses=weaknesses))
    picks = ids(viewer_client)
    assert len(picks) == 3
    plan = viewer_client.get(address(picks)).context["plan"]
    turned = viewer_client.get(address(picks[::-1])).context["plan"]
    assert plan.impact == pytest.approx(turned.impact)
    assert [planned.row.id for planned in turned.rows] == picks[::-1]
    assert plan.rows[0].adds == pytest.approx(plan.rows[0].row.impact, rel=1e-6)
    assert plan.rows[-1].score == pytest.approx(plan.then)
    assert (plan.machines, plan.now.machines) == (3, 4)
    assert plan.difference > 0
    assert plan.then == 0
    assert [(level.label, level.then) for level in plan.levels][-1] == ("None", 4)


def test_rows_are_moved_and_left_out_by_addresses(viewer_client: Client) -> None:
    worlds.fleet()
    a, b, c = ids(viewer_client, 3)
    rows = viewer_client.get(f"{address([a, b, c])}&kind=update").context["rows"]
    assert f"pick={b},{a},{c}" in rows[1]["earlier"]
    assert f"pick={a},{c},{b}" in rows[1]["later"]
    assert f"pick={a},{c}" in rows[1]["without"]
    assert "kind=update" in rows[1]["without"]
    assert (rows[0]["earlier"], rows[2]["later"]) == ("", "")


def test_the_page_says_what_is_wrong_with_its_picks(viewer_client: Client) -> None:
    assert "Not computed yet" in text(viewer_client.get(address([1])))
    worlds.fleet()
    assert "Nothing is picked" in text(viewer_client.get(PAGE))
    picks = ids(viewer_client, 2)
    Recommendation.objects.filter(pk=picks[0]).update(present=False)
    page = viewer_client.get(address(picks))
    assert "Some are needed no more." in text(page)
    assert [planned.row.id for planned in page.context["plan"].rows] == picks[1:]
    many = viewer_client.get(address([*picks, *range(100_000, 100_150)]))
    assert "52 rows beyond 100" in text(many)


def test_the_bar_counts_before_anything_is_done(viewer_client: Client) -> None:
    worlds.fleet()
    picks = ids(viewer_client, 3)
    bar = viewer_client.get(f"/recommendations/picked/?of=17&sort=name&pick={','.join(map(str, picks))}")
    plan = bar.context["plan"]
    words = text(bar)
    assert "3 selected" in words
    assert f"{plan.machines} machines" in words
    assert f"{plan.now.score:.1f} → {plan.then:.1f}" in words
    assert "Select all 17" in words
    assert text(viewer_client.get("/recommendations/picked/")) == ""


def test_the_number_of_statements_does_not_grow_with_picks(viewer_client: Client) -> None:
    worlds.fleet(extra=30)
    one, many = ids(viewer_client, 1), ids(viewer_client, 30)
    assert queries(viewer_client, address(many)) == queries(viewer_client, address(one))
    assert len(viewer_client.get(address(many)).content) < 150_000
