"""The panel of the timeline that says why the score moved, and the record of a run."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace

import pytest
import time_machine
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from inventory.models import Machine
from recommendations import actions, score_change_queries
from recommendations.models import Run, ScoreChangeDay
from recommendations.records import Effect, Fleet, FleetMachine, FleetVersion, Match, ScoredWeakness
from tests.integration.pages import queries, text
from tests.integration.recommendations.stored_fleets import NOW, Stored, become, store, store_effects

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("later")]
LATER = NOW + dt.timedelta(days=3)
FLEET = Fleet(
    machines={"m0": FleetMachine(versions=frozenset({"a@0"})), "m1": FleetMachine(versions=frozenset({"a@0"}), group="servers")},
    versions={"a@0": FleetVersion("a", matches={"CVE-2026-0001": Match()}), "a@1": FleetVersion("a")},
    weaknesses={"CVE-2026-0001": ScoredWeakness(cvss=9.8, epss=0.2)},
)


@pytest.fixture
def later() -> Iterator[None]:
    with time_machine.travel(LATER, tick=False):
        yield


def day(number: int, fleet: Fleet, stored: Stored) -> None:
    become(fleet, stored)
    Machine.objects.update(last_seen=LATER)
    moment = NOW + dt.timedelta(days=number)
    actions.recompute(now=moment)
    actions.snapshot(day=moment.date())


def history() -> Stored:
    """A first day; one on which the weakness is exploited; one on which a machine updates."""
    stored = store(FLEET)
    day(0, FLEET, stored)
    worse = replace(FLEET, weaknesses={"CVE-2026-0001": ScoredWeakness(cvss=9.8, exploited=True)})
    day(1, worse, stored)
    day(3, replace(worse, machines={**worse.machines, "m0": FleetMachine(versions=frozenset({"a@1"}))}), stored)
    return stored


def why(client: Client, query: str = "") -> str:
    page = text(client.get(f"/timeline/{query}"))
    return page[page.index("Why the score moved") : page.index("24 hours")]


def test_it_names_the_causes_of_the_days_shown(viewer_client: Client) -> None:
    history()
    shown = why(viewer_client)
    assert "Intelligence" in shown
    assert "Vulnerabilities fixed" in shown
    assert "Nothing came from vulnerabilities found, configuration" in shown
    assert "Not recorded" not in shown
    last = f"{LATER:%Y-%m-%d}"
    alone = why(viewer_client, f"?from={last}&to={last}")  # one day: since the recorded day before
    assert "Vulnerabilities fixed" in alone
    assert "become exploitable" not in alone
    assert "Intelligence" not in alone.split("Nothing came from")[0]


def test_parts_add_up_for_any_choice_of_groups() -> None:
    stored = history()
    for groups in (list(stored.groups.values()), *([pk] for pk in stored.groups.values())):
        found = score_change_queries.moves(groups=groups, first=NOW.date(), last=LATER.date())
        assert found is not None
        assert sum(part.points for part in found.parts) == pytest.approx(found.change, abs=1e-9)
        assert found.unrecorded == ()


def test_days_from_before_are_named_not_recorded(viewer_client: Client) -> None:
    history()
    ScoreChangeDay.objects.filter(day=(NOW + dt.timedelta(days=1)).date()).delete()
    shown = why(viewer_client)
    assert "Not recorded" in shown
    assert "1 day, 18 Mar" in shown
    assert "Vulnerabilities fixed" in shown


def test_one_recorded_day_has_nothing_to_compare_with(viewer_client: Client) -> None:
    day(0, FLEET, store(FLEET))
    assert "takes two recorded days" in why(viewer_client)


def test_the_score_after_exceptions_has_its_own_parts(viewer_client: Client) -> None:
    stored = history()
    store_effects((Effect("va-_-a", mitigates=True),), stored)
    actions.apply_effects(now=LATER)
    actions.snapshot(day=LATER.date())
    assert "Exceptions" not in why(viewer_client).split("Nothing came from")[0]
    assert "Granted, expired or cancelled" in why(viewer_client, "?score=after")


def test_the_panel_costs_the_same_for_any_history(viewer_client: Client) -> None:
    stored = store(FLEET)
    day(0, FLEET, stored)
    day(1, replace(FLEET, weaknesses={"CVE-2026-0001": ScoredWeakness(cvss=5.0)}), stored)
    few = queries(viewer_client, "/timeline/")
    day(2, FLEET, stored)
    day(3, replace(FLEET, machines={"m0": FLEET.machines["m0"]}), stored)
    cache.clear()
    assert queries(viewer_client, "/timeline/") <= few


def test_the_record_of_a_run_lists_its_parts(admin_client: Client) -> None:
    history()
    run = Run.objects.order_by("pk")[1]
    page = text(admin_client.get(reverse("admin:recommendations_run_change", args=[run.pk])))
    assert "Intelligence: +" in page
    assert "2 machines" in page
    first, second = Run.objects.order_by("pk")[:2]
    assert first.score is not None
    assert second.score is not None
    assert sum(part.points for part in score_change_queries.run_parts(second)) == pytest.approx(second.score - first.score, abs=1e-9)


def test_the_scoring_page_explains_the_parts(viewer_client: Client) -> None:
    assert "Why a score moved" in text(viewer_client.get("/scoring/"))
