"""Recommendations, titles, statuses and the timeline as a fleet's fortunes change."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from django.db import IntegrityError, connection, transaction

from core import sql
from inventory.bulk import mark_dirty
from inventory.models import DirtyMachine, Installation, Machine, Software, Version
from recommendations import actions
from recommendations.models import ExceptionEffect, Recommendation, RecommendationStat, Run, ScoringSettings, VersionScore
from recommendations.records import Fleet, FleetCheck, FleetMachine, FleetVersion, Match, ScoredWeakness
from tests.integration.recommendations.stored_fleets import NOW, Stored, scores, store, store_machine
from weaknesses.models import Event, Product, SoftwareProduct, SupportCycle, VersionWeakness, Weakness

pytestmark = pytest.mark.django_db
LATER = NOW + dt.timedelta(days=1)

FLEET = Fleet(
    machines={"m0": FleetMachine(versions=frozenset({"editor@1"})), "m1": FleetMachine(versions=frozenset({"server@1"}))},
    versions={
        "editor@1": FleetVersion("editor", matches={"CVE-1": Match()}),
        "server@1": FleetVersion("server", matches={"CVE-2": Match(fixed=False)}),
    },
    weaknesses={"CVE-1": ScoredWeakness(cvss=9.0, epss=0.2), "CVE-2": ScoredWeakness(cvss=7.0)},
    checks={"scid-1": FleetCheck()},
)


def present() -> dict[str, str]:
    return dict(Recommendation.objects.filter(present=True).values_list("key", "title"))


def events() -> list[tuple[str, str | None, int | None]]:
    return list(Event.objects.order_by("id").values_list("kind", "software__key", "machines"))


def test_the_first_run_tells_no_news() -> None:
    store(FLEET)
    run = actions.recompute(now=NOW)
    assert not Event.objects.exists()
    assert (run.kind, run.machines, run.settings["half_hazard"]) == ("full", 2, 1.0)
    assert run.score == pytest.approx(scores()[0])


def test_a_weakness_without_a_fix_is_counted_once_it_is_attacked() -> None:
    store(FLEET)
    actions.recompute(now=NOW)
    assert present() == {"va-_-editor": "Update editor to 9"}
    Weakness.objects.filter(cve="CVE-2").update(exploit=1)
    actions.recompute(now=LATER)
    found = Recommendation.objects.get(key="va-_-server-_-attention")
    assert (found.title, found.kind, found.zero_day) == ("Attention: no fix yet for server", "attention", True)
    assert events() == [("new_exploit", "server", 1)]
    assert Event.objects.get().score_change > 0


def test_a_fix_turns_attention_into_an_update() -> None:
    store(replace(FLEET, weaknesses={**FLEET.weaknesses, "CVE-2": ScoredWeakness(cvss=7.0, exploited=True)}))
    actions.recompute(now=NOW)
    VersionWeakness.objects.filter(weakness__cve="CVE-2").update(fix=1, fixed="2", fixed_key="2")
    actions.recompute(now=LATER)
    assert present() == {"va-_-editor": "Update editor to 9", "va-_-server": "Update server to 2"}
    gone = Recommendation.objects.get(key="va-_-server-_-attention")
    assert (gone.present, gone.resolved_at) == (False, LATER)


def test_updating_everywhere_resolves_and_is_told() -> None:
    stored = store(FLEET)
    actions.recompute(now=NOW)
    before = scores()[0]
    store_machine("m0", FleetMachine(), stored)
    mark_dirty(now=NOW, machine_ids=[stored.machines["m0"]])
    assert actions.refresh_dirty(now=NOW) == 1
    assert present() == {}
    actions.recompute(now=LATER)
    assert events() == [("fixed", "editor", 1)]
    assert Event.objects.get().weakness_ids == [stored.weaknesses["CVE-1"]]
    assert Event.objects.get().score_change == pytest.approx(-before)
    assert Recommendation.objects.get(key="va-_-editor").resolved_at == NOW


def test_a_newcomer_brings_news() -> None:
    stored = store(FLEET)
    store_machine("m0", FleetMachine(), stored)
    actions.recompute(now=NOW)
    store_machine("m0", FLEET.machines["m0"], stored)
    mark_dirty(now=NOW, machine_ids=[stored.machines["m0"]])
    actions.refresh_dirty(now=NOW)
    actions.recompute(now=LATER)
    assert events() == [("new_weakness", "editor", 1)]


def test_support_that_ends_asks_to_upgrade_or_uninstall() -> None:
    store(FLEET)
    Version.objects.filter(software__key="editor").update(support_ends_on=NOW.date())
    actions.recompute(now=NOW)
    assert present()["va-_-editor"] == "Update editor to 9"
    actions.recompute(now=LATER)
    assert present() == {"va-_-editor-_-upgrade": "Upgrade editor to a supported version"}
    assert events() == [("end_of_support", "editor", 1)]
    Software.objects.filter(key="editor").update(support=Software.Support.ENDED)
    actions.recompute(now=LATER)
    assert present() == {"va-_-editor": "Uninstall editor"}


def test_out_of_support_without_a_known_weakness_is_listed_with_nothing_to_gain() -> None:
    store(replace(FLEET, versions={"editor@1": FleetVersion("editor", ended=True), "server@1": FleetVersion("server", line_ended=True)}))
    actions.recompute(now=NOW)
    assert set(present()) == {"va-_-editor", "va-_-server-_-upgrade"}
    assert [stat.impact for stat in RecommendationStat.objects.all()] == [0, 0]
    assert scores()[0] == 0


@pytest.mark.parametrize(
    ("cycles", "fixed", "expected"),
    [
        ({"1": 900, "2": 900}, "2.1", "va-_-editor-_-upgrade"),
        ({"1": 900, "2": 900}, "1.7", "va-_-editor"),
        ({"1": 28, "2": 28}, "2.1", "va-_-editor"),
        ({}, "2.1", "va-_-editor"),
    ],
    ids=["another line", "the same line", "lines replaced every few weeks", "no known lines"],
)
def test_a_fix_in_another_release_line_is_an_upgrade(cycles: dict[str, int], fixed: str, expected: str) -> None:
    store(FLEET)
    product = Product.objects.create(key="cpe:a:acme:editor")
    SoftwareProduct.objects.create(software=Software.objects.get(key="editor"), product=product, origin="alias")
    for cycle, days in cycles.items():
        SupportCycle.objects.create(
            slug="editor",
            cycle=cycle,
            product_keys=[product.key],
            released_on=NOW.date(),
            ends_on=NOW.date() + dt.timedelta(days=days),
            source="test",
        )
    VersionWeakness.objects.filter(weakness__cve="CVE-1").update(fixed=fixed, fixed_key=fixed)
    actions.recompute(now=NOW)
    assert [key for key in present() if "editor" in key] == [expected]


def test_a_package_whose_fix_is_a_major_version_ahead_is_an_upgrade() -> None:
    store(FLEET)
    Software.objects.filter(key="editor").update(ecosystem="npm")
    actions.recompute(now=NOW)
    assert "va-_-editor-_-upgrade" in present()


def test_exceptions_give_the_status_and_only_mitigating_ones_change_a_sum() -> None:
    store(FLEET)
    actions.recompute(now=NOW)
    found = Recommendation.objects.get(key="va-_-editor")
    plain = scores()
    effect = ExceptionEffect.objects.create(recommendation=found)
    actions.apply_effects(now=NOW)
    found.refresh_from_db()
    assert found.status == "exception"
    assert scores() == plain
    ExceptionEffect.objects.filter(pk=effect.pk).update(mitigates=True)
    actions.apply_effects(now=NOW)
    assert scores() == (plain[0], 0)
    stat = RecommendationStat.objects.get(recommendation=found)
    assert (stat.exposed, stat.exposed_after, stat.impact_after) == (1, 0, 0)
    effect.delete()
    actions.apply_effects(now=NOW)
    found.refresh_from_db()
    assert found.status == "active"
    assert scores() == plain


def test_an_exception_on_some_groups_is_partial() -> None:
    stored = store(replace(FLEET, machines={**FLEET.machines, "m2": FleetMachine(group="servers", versions=frozenset({"editor@1"}))}))
    actions.recompute(now=NOW)
    found = Recommendation.objects.get(key="va-_-editor")
    ExceptionEffect.objects.create(recommendation=found, group_id=stored.groups["servers"], mitigates=True)
    actions.apply_effects(now=NOW)
    found.refresh_from_db()
    assert found.status == "partial"
    ExceptionEffect.objects.create(recommendation=found, group_id=stored.groups["default"])
    actions.apply_effects(now=NOW)
    found.refresh_from_db()
    assert found.status == "exception"


def test_a_mark_made_while_a_run_is_under_way_is_kept() -> None:
    stored = store(FLEET)
    machine = stored.machines["m0"]
    mark_dirty(now=NOW, machine_ids=[machine])
    before = actions._dirty_machines()
    mark_dirty(now=LATER, machine_ids=[machine])
    sql.run("recommendations/clear_dirty", {"machines": list(before), "since": list(before.values())})
    assert DirtyMachine.objects.get().since == LATER


def test_edited_weights_count_from_the_next_full_run() -> None:
    stored = store(FLEET)
    actions.recompute(now=NOW)
    before = scores()
    ScoringSettings.objects.update_or_create(id=1, defaults={"half_hazard": 2.0})
    mark_dirty(now=NOW, machine_ids=[stored.machines["m0"]])
    actions.refresh_dirty(now=NOW)
    assert scores() == pytest.approx(before)
    run = actions.recompute(now=NOW)
    assert scores()[0] < before[0]
    assert run.settings["half_hazard"] == 2.0


def test_touched_versions_are_scored_before_their_machines_are_rebuilt() -> None:
    stored = store(FLEET)
    actions.recompute(now=NOW)
    VersionWeakness.objects.filter(weakness__cve="CVE-1").delete()
    actions.score_versions(version_ids=[stored.versions["editor@1"]], now=NOW)
    mark_dirty(now=NOW, version_ids=[stored.versions["editor@1"]])
    actions.refresh_dirty(now=NOW)
    assert not VersionScore.objects.exists()
    assert scores()[0] == 0
    assert Weakness.objects.get(cve="CVE-1").exposed_count == 0


def test_dirty_machines_before_any_run_make_it_a_full_one() -> None:
    stored = store(FLEET)
    mark_dirty(now=NOW, machine_ids=stored.machines.values())
    assert actions.refresh_dirty(now=NOW) == 2
    assert Run.objects.get().kind == "full"
    assert not DirtyMachine.objects.exists()


def test_a_silent_machine_leaves_the_scores() -> None:
    stored: Stored = store(FLEET)
    actions.recompute(now=NOW)
    Machine.objects.filter(pk=stored.machines["m0"]).update(last_seen=NOW - dt.timedelta(days=31))
    actions.recompute(now=NOW)
    assert present() == {}
    assert Installation.objects.filter(machine_id=stored.machines["m0"]).exists()


def test_an_empty_database_is_computed_too() -> None:
    run = actions.recompute(now=NOW)
    assert (run.machines, run.score) == (0, None)
    assert actions.refresh_dirty(now=NOW) == 0
    actions.snapshot(day=NOW.date())


def test_nothing_is_left_behind_by_a_run_that_fails() -> None:
    store(FLEET)
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE recommendations_run ADD CONSTRAINT full_stop CHECK (kind <> 'full') NOT VALID")
    with pytest.raises(IntegrityError), transaction.atomic():
        actions.recompute(now=NOW)
    assert not Recommendation.objects.exists()
    assert not RecommendationStat.objects.exists()
