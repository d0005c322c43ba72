"""The list of machines, one machine's score term by term, and what may be changed of it."""

from __future__ import annotations

import pytest
from django.test import Client

from core.built_in_roles import SECURITY
from core.models import AuditEvent, User
from inventory.models import ConfigurationResult, DirtyMachine, Machine
from recommendations import machine_page_queries, machine_queries, rules
from recommendations.machine_filters import MachineFilter
from recommendations.models import MachineScore, ScoringSettings
from recommendations.records import Weights
from tests.conftest import give
from tests.integration.pages import text
from tests.populations import NOW, Population, populate

pytestmark = pytest.mark.django_db


@pytest.fixture
def made() -> Population:
    return populate(machines=14, software=6, weaknesses=3, checks=6)


def groups(made: Population) -> list[int]:
    return [group.pk for group in made.groups]


def unalerted(made: Population) -> Machine:
    return next(
        m for m in made.machines if MachineScore.objects.get(machine=m).likelihood < 1 and MachineScore.objects.get(machine=m).hazard > 0
    )


def test_the_quick_order_equals_the_plain_one(made: Population) -> None:
    quick = machine_queries.machine_rows(MachineFilter(groups=groups(made)), now=NOW, limit=50)
    plain = machine_queries.machine_rows(MachineFilter(groups=groups(made), state=""), now=NOW, limit=50)
    assert [row.id for row in quick] == [row.id for row in plain]
    assert [row.score for row in quick] == sorted((row.score for row in quick if row.score is not None), reverse=True)


def test_both_ways_to_find_carriers_find_the_same(made: Population, monkeypatch: pytest.MonkeyPatch) -> None:
    versions = [made.versions[0].pk, made.versions[1].pk]
    rare = machine_queries.carriers(version_ids=versions, groups=groups(made), expected=1, limit=50)
    common = machine_queries.carriers(version_ids=versions, groups=groups(made), expected=10**6, limit=50)
    assert rare == common
    assert len(rare) == 14
    assert {row.id for row in machine_queries.every_carrier(version_ids=versions, groups=groups(made), chunk=3)} == {row.id for row in rare}


def test_filters_narrow_the_list(made: Population) -> None:
    def names(**chosen: object) -> set[str]:
        return {row.name for row in machine_queries.machine_rows(MachineFilter(groups=groups(made), **chosen), now=NOW, limit=50)}  # type: ignore[arg-type]

    assert names(text="web-edge") == {machine.name for machine in made.machines if machine.internet_facing}
    assert names(internet=True) == names(text="web-edge") == names(text="dmz")
    assert names(values=(2,)) == names(internet=True)
    assert names(text=made.machines[3].ip_addresses[0]) == {made.machines[3].name}
    assert names(text="100%_") == set()
    assert names(empty=True) == set()
    assert names(families=("macos",)) == set()
    assert len(names(state="silent")) == 0


def test_hazards_of_software_add_up_to_the_machines(made: Population) -> None:
    machine = unalerted(made)
    page = machine_page_queries.machine_page(machine_id=machine.pk, groups=groups(made), weights=Weights())
    assert page is not None
    assert page.score is not None
    software = [fix for fix in page.fixes if fix.kind != "configuration"]
    assert sum(fix.hazard for fix in software) == pytest.approx(page.score.hazard)
    assert sum(fix.share for fix in software) == pytest.approx(1)
    assert [fix.hazard for fix in page.fixes] == sorted((fix.hazard for fix in page.fixes), reverse=True)


def test_a_drop_is_the_score_with_minus_the_score_without(made: Population) -> None:
    machine = unalerted(made)
    page = machine_page_queries.machine_page(machine_id=machine.pk, groups=groups(made), weights=Weights())
    assert page is not None
    assert page.score is not None
    for fix in page.fixes:
        without = 100 * rules.saturate(page.score.hazard - fix.hazard, Weights())
        assert fix.drop == pytest.approx(page.score.score - without)


def test_a_failing_check_adds_what_its_passing_would_take_off(made: Population) -> None:
    machine = unalerted(made)
    stored = MachineScore.objects.get(machine=machine)
    failing = ConfigurationResult.objects.filter(machine=machine, passed=False).select_related("configuration")[0]
    total = sum(ConfigurationResult.objects.filter(machine=machine).values_list("configuration__impact", flat=True))
    assert stored.pass_share is not None
    share = stored.pass_share + failing.configuration.impact / total
    better = rules.likelihood(alerted=False, internet_facing=machine.internet_facing, share=share, weights=Weights())
    page = machine_page_queries.machine_page(machine_id=machine.pk, groups=groups(made), weights=Weights())
    assert page is not None
    fix = next(fix for fix in page.fixes if fix.key == f"sca-_-{failing.configuration.key}")
    assert fix.hazard == pytest.approx(stored.hazard * (1 - better / stored.likelihood))


def test_the_parts_of_the_likelihood_add_up(made: Population) -> None:
    for machine in made.machines:
        page = machine_page_queries.machine_page(machine_id=machine.pk, groups=groups(made), weights=Weights())
        assert page is not None
        assert page.score is not None
        assert sum(part.value for part in page.score.parts) == pytest.approx(page.score.likelihood)


def test_the_page_says_why_the_level_is_raised(made: Population, viewer_client: Client) -> None:
    machine = unalerted(made)
    MachineScore.objects.filter(machine=machine).update(score=12.0, level=3)
    words = text(viewer_client.get(f"/machines/{machine.pk}/"))
    assert "The score alone is low; the level is raised to High because a weakness on it is exploited in the wild." in words


def test_an_open_alert_stands_above_everything(made: Population, viewer_client: Client) -> None:
    words = text(viewer_client.get(f"/machines/{made.machines[0].pk}/"))
    assert "Suspicious process started by the browser" in words
    assert "an open alert makes it certain" in words


def test_a_machine_in_no_score_says_so_and_shows_no_zero(made: Population, viewer_client: Client) -> None:
    machine = made.machines[1]
    MachineScore.objects.filter(machine=machine).delete()
    Machine.objects.filter(pk=machine.pk).update(excluded=True)
    words = text(viewer_client.get(f"/machines/{machine.pk}/"))
    assert "Excluded." in words
    assert "of 100" not in words


def test_viewers_see_no_forms_and_may_post_none(made: Population, viewer_client: Client) -> None:
    address = f"/machines/{made.machines[0].pk}/"
    assert "Device value" in text(viewer_client.get(address))
    assert "Save value" not in text(viewer_client.get(address))
    assert viewer_client.post(f"{address}change/", {"what": "value", "value": "2"}).status_code == 403


def test_who_holds_the_right_changes_value_reach_and_tags_audited(made: Population, viewer: User, viewer_client: Client) -> None:
    give(viewer, SECURITY)
    machine = made.machines[1]
    address = f"/machines/{machine.pk}/change/"
    assert viewer_client.post(address, {"what": "value", "value": "2"}).status_code == 302
    viewer_client.post(address, {"what": "facing", "internet_facing": "on"})
    viewer_client.post(address, {"what": "tags", "tags": "vip, lab ,vip"})
    machine.refresh_from_db()
    assert (machine.value, machine.internet_facing, sorted(machine.tags)) == (2, True, ["lab", "vip"])
    viewer_client.post(address, {"what": "tags", "tags": ""})
    machine.refresh_from_db()
    assert machine.tags == []
    assert DirtyMachine.objects.filter(machine=machine).exists()
    assert AuditEvent.objects.filter(object_id=str(machine.pk), actor="viewer").count() >= 4


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"what": "value", "value": "9"}, "Choose a value"),
        ({"what": "tags", "tags": "x" * 31}, "at most 30"),
        ({"what": "tags", "tags": ",".join(map(str, range(21)))}, "at most 20"),
    ],
)
def test_a_wrong_change_is_refused_in_words(fields: dict[str, str], complaint: str, made: Population, curator_client: Client) -> None:
    machine = made.machines[1]
    response = curator_client.post(f"/machines/{machine.pk}/change/", fields, follow=True)
    assert complaint in text(response)
    machine.refresh_from_db()
    assert (machine.value, machine.tags) == (1, [])


def test_a_curator_excludes_a_machine_and_takes_it_in_again(made: Population, curator_client: Client) -> None:
    machine = made.machines[1]
    curator_client.post(f"/machines/{machine.pk}/change/", {"what": "exclude", "excluded": "yes", "reason": "Sold"})
    machine.refresh_from_db()
    assert machine.excluded
    curator_client.post(f"/machines/{machine.pk}/change/", {"what": "exclude", "excluded": "no"})
    machine.refresh_from_db()
    assert not machine.excluded


def test_the_settings_row_is_not_needed(made: Population, viewer_client: Client) -> None:
    ScoringSettings.objects.all().delete()
    assert viewer_client.get(f"/machines/{made.machines[0].pk}/").status_code == 200
