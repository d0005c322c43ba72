"""The same change to many machines: asked first, done at once, audited, taken back; and the filters of the list."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import time_machine
from django.test import Client

from core.built_in_roles import VIEWER
from core.models import AuditEvent
from inventory import actions
from inventory.models import Alert, DirtyMachine, Installation, Machine, MachineGroup
from recommendations.models import MachineBasis, MachineScore
from tests.conftest import client_of, make_user
from tests.integration.pages import csv_lines, queries, text
from tests.populations import NOW, Population, populate

pytestmark = pytest.mark.django_db
ADDRESS = "/machines/change/"


@pytest.fixture
def made() -> Any:
    with time_machine.travel(NOW, tick=False):
        made = populate(machines=9, software=3, weaknesses=2, checks=3)
        Alert.objects.all().delete()
        DirtyMachine.objects.all().delete()
        yield made


def ids(*machines: Machine) -> list[int]:
    return [machine.pk for machine in machines]


def names(client: Client, query: str) -> set[str]:
    return {line.split(",")[0] for line in csv_lines(client, f"/machines/export.csv?{query}")[1:]}


def test_it_asks_first_with_counts(made: Population, curator_client: Client) -> None:
    first, second = made.machines[1], made.machines[2]
    actions.set_machine_value(machines=[second], value=2, by="x", now=NOW)
    words = text(curator_client.get(f"{ADDRESS}?what=value&machine={first.pk}&machine={second.pk}"))
    assert "2 machines are chosen." in words
    assert "Counts 3×" in words
    assert "High 1" in words
    assert first.name in words
    assert Machine.objects.get(pk=first.pk).value == Machine.Value.NORMAL


@pytest.mark.parametrize(
    ("what", "more", "field", "value", "action"),
    [
        ("value", {"value": "0"}, "value", 0, "machine.set_value"),
        ("tag", {"tag": " vip  team "}, "tags", ["vip team"], "machine.tag"),
        ("facing", {}, "internet_facing", True, "machine.set_internet_facing"),
        ("exclude", {"reason": "Sold"}, "excluded", True, "machine.exclude"),
    ],
)
def test_a_change_is_done_audited_and_taken_back(
    what: str, more: dict[str, str], field: str, value: Any, action: str, made: Population, curator_client: Client
) -> None:
    machines = [machine for machine in made.machines if not machine.internet_facing][:2]
    before = [getattr(machine, field) for machine in machines]
    data = {"what": what, "machine": ids(*machines), "next": "/machines/?q=x", **more}
    response = curator_client.post(ADDRESS, data)
    assert (response.status_code, response["Location"]) == (302, "/machines/?q=x")
    assert [getattr(Machine.objects.get(pk=machine.pk), field) for machine in machines] == [value, value]
    events = AuditEvent.objects.filter(action=action, actor="curator")
    assert {event.object_id for event in events} == {str(machine.pk) for machine in machines}
    assert set(DirtyMachine.objects.values_list("machine_id", flat=True)) == set(ids(*machines))
    assert "2 machines changed. Undo" in text(curator_client.get("/machines/"))
    Machine.objects.filter(pk=machines[1].pk).update(**{field: {"value": 2, "tags": ["x"]}.get(field, not value)})
    assert "1 machine as before" in text(curator_client.post("/machines/undo/", {"next": "/machines/"}, follow=True))
    assert getattr(Machine.objects.get(pk=machines[0].pk), field) == before[0]
    assert "Undo" not in text(curator_client.get("/machines/"))


def test_tags_come_off_and_groups_follow(made: Population, curator_client: Client) -> None:
    group = MachineGroup.objects.create(name="Tagged", rank=99, rule=[{"field": "tag", "operator": "equals", "value": "mine"}])
    MachineGroup.objects.filter(is_default=False).exclude(pk=group.pk).update(rule=[])
    curator_client.post(ADDRESS, {"what": "tag", "machine": ids(*made.machines[:3]), "tag": "mine"})
    assert Machine.objects.filter(group=group).count() == 3
    assert "mine (3)" in text(
        curator_client.get(f"{ADDRESS}?what=untag&" + "&".join(f"machine={machine.pk}" for machine in made.machines[:4]))
    )
    curator_client.post(ADDRESS, {"what": "untag", "machine": ids(made.machines[0]), "tag": "mine"})
    assert Machine.objects.filter(group=group).count() == 2
    assert names(curator_client, "tag=mine") == {made.machines[1].name, made.machines[2].name}


def test_a_new_tag_can_be_filtered_by_at_once_whatever_one_may_see(made: Population, curator_client: Client) -> None:
    restricted = client_of(make_user("restricted", VIEWER, groups=[made.machines[1].group_id]))
    assert all('value="brand-new"' not in client.get("/machines/").content.decode() for client in (restricted, curator_client))
    curator_client.post(ADDRESS, {"what": "tag", "machine": ids(made.machines[1]), "tag": "brand-new"})
    assert all('value="brand-new"' in client.get("/machines/").content.decode() for client in (restricted, curator_client))


def test_every_machine_of_the_list_can_be_changed(made: Population, curator_client: Client) -> None:
    wanted = {machine.pk for machine in made.machines if machine.name.startswith("web")}
    curator_client.post(ADDRESS, {"what": "value", "value": "0", "every": "yes", "list": "?q=web"})
    assert set(Machine.objects.filter(value=0).values_list("pk", flat=True)) == wanted


@pytest.mark.parametrize(
    ("data", "status", "complaint"),
    [
        ({"what": "tag", "tag": "x" * 34}, 422, "has 34: shorten it by 4."),
        ({"what": "tag", "tag": " "}, 422, "Name the tag."),
        ({"what": "value", "value": "9"}, 422, "Choose a value of the list."),
        ({"what": "exclude", "reason": ""}, 422, "Say why"),
        ({"what": "nonsense"}, 404, ""),
    ],
)
def test_a_wrong_change_is_refused_in_words(
    data: dict[str, str], status: int, complaint: str, made: Population, curator_client: Client
) -> None:
    response = curator_client.post(ADDRESS, {**data, "machine": ids(*made.machines[:2])})
    assert response.status_code == status
    assert complaint in text(response)
    assert not AuditEvent.objects.exists()


def test_nothing_chosen_leads_back(made: Population, curator_client: Client) -> None:
    assert "No machine is chosen" in text(curator_client.get(ADDRESS, {"what": "facing"}))


@pytest.mark.parametrize("address", ["javascript:alert(1)", "https://example.org/machines/", "//example.org/machines/", "/software/x/"])
def test_it_leads_back_to_the_list_only(address: str, made: Population, curator_client: Client) -> None:
    page = curator_client.get(ADDRESS, {"what": "facing", "machine": str(made.machines[1].pk), "next": address}).content.decode()
    assert address not in page
    done = curator_client.post(ADDRESS, {"what": "facing", "machine": ids(made.machines[1]), "next": address})
    assert done["Location"] == "/machines/"


def test_others_may_not(made: Population, viewer_client: Client) -> None:
    assert viewer_client.post(ADDRESS, {"what": "facing", "machine": ids(*made.machines)}).status_code == 403
    assert "Choose" not in viewer_client.get("/machines/").content.decode()


def test_machines_of_other_groups_stay_out_of_reach(made: Population, curator_client: Client) -> None:
    inside = [machine for machine in made.machines if machine.group_id == made.groups[1].pk]
    address = f"{ADDRESS}?groups={made.groups[1].pk}"
    curator_client.post(address, {"what": "value", "value": "0", "machine": ids(*made.machines)})
    assert set(Machine.objects.filter(value=0).values_list("pk", flat=True)) == {machine.pk for machine in inside}


def test_risk_comes_from_the_worst_open_alert(made: Population, viewer_client: Client) -> None:
    def alert(machine: Machine, severity: str, *, closed: bool = False) -> None:
        number = Alert.objects.count()
        Alert.objects.create(
            external_id=str(number), machine=machine, title="t", severity=severity, opened_at=NOW, closed_at=NOW if closed else None
        )

    one, two, three, four = made.machines[:4]
    alert(one, "low")
    alert(one, "critical")
    alert(two, "medium")
    alert(two, "high", closed=True)
    alert(three, "info")
    alert(four, "high", closed=True)
    assert names(viewer_client, "risk=high") == {one.name}
    assert names(viewer_client, "risk=medium") == {two.name}
    assert names(viewer_client, "risk=low") == set()
    assert names(viewer_client, "risk=informational") == {three.name}
    assert four.name in names(viewer_client, "risk=none")
    assert names(viewer_client, "risk=high,medium") == {one.name, two.name}
    assert "Risk level: Medium" in text(viewer_client.get(f"/machines/{two.pk}/"))


def test_health_tells_silent_empty_and_excluded_apart(made: Population, viewer_client: Client) -> None:
    silent, empty, excluded = made.machines[:3]
    Machine.objects.filter(pk=silent.pk).update(last_seen=NOW - dt.timedelta(days=7, minutes=1))
    Installation.objects.filter(machine=empty).delete()
    figures = {"signature": 0, "likelihood_after": 1, "base": 0, "exposures": 0, "exploit": 0, "exploited": False}
    MachineBasis.objects.update_or_create(machine=empty, defaults={"group_id": empty.group_id, "versions": [], **figures})
    Machine.objects.filter(pk=excluded.pk).update(excluded=True)
    assert names(viewer_client, "health=inactive") == {silent.name}
    assert names(viewer_client, "health=no-data") == {empty.name}
    assert names(viewer_client, "health=excluded&state=any") == {excluded.name}
    assert len(names(viewer_client, "health=active")) == len(made.machines) - 3
    words = text(viewer_client.get("/machines/"))
    assert all(state in words for state in ("Inactive", "No sensor data", "Excluded", "No data available"))


def test_groups_and_reach_narrow_the_list(made: Population, viewer_client: Client) -> None:
    group = made.groups[1]
    assert names(viewer_client, f"group={group.pk}") == {machine.name for machine in made.machines if machine.group_id == group.pk}
    assert names(viewer_client, "internet=yes") == {machine.name for machine in made.machines if machine.internet_facing}
    assert names(viewer_client, "internet=yes,no") == {machine.name for machine in made.machines}


@pytest.mark.parametrize("sort", ["name", "-name", "group", "platform", "version", "-level", "fixes", "last_seen", "-value", "domain"])
def test_every_order_holds_all_machines_once(sort: str, made: Population, viewer_client: Client) -> None:
    lines = csv_lines(viewer_client, f"/machines/export.csv?sort={sort}")
    assert sorted(line.split(",")[0] for line in lines[1:]) == sorted(machine.name for machine in made.machines)


def test_an_exclusion_says_who_when_and_why(made: Population, curator_client: Client) -> None:
    address = f"/machines/{made.machines[1].pk}/"
    curator_client.post(f"{address}change/", {"what": "exclude", "excluded": "yes"})
    assert not Machine.objects.get(pk=made.machines[1].pk).excluded
    curator_client.post(f"{address}change/", {"what": "exclude", "excluded": "yes", "reason": "Test bench"})
    assert "Excluded. This machine is left out of every score and count. “Test bench” curator," in text(curator_client.get(address))
    curator_client.post(f"{address}change/", {"what": "exclude", "excluded": "no"})
    assert not Machine.objects.get(pk=made.machines[1].pk).excluded


@pytest.mark.parametrize(
    "address",
    ["/machines/", "/machines/?sort=name&q=e", "/machines/?risk=high,none&health=active,no-data", f"{ADDRESS}?what=value&every=yes"],
)
def test_statements_do_not_grow_with_machines(address: str, made: Population, curator_client: Client) -> None:
    few = queries(curator_client, address)
    model = made.machines[0]
    machines = Machine.objects.bulk_create(
        Machine(external_id=f"e{n}", name=f"e{n}", group=model.group, first_seen=NOW, last_seen=NOW) for n in range(1_000)
    )
    MachineScore.objects.bulk_create(
        MachineScore(machine=m, group=m.group, weight=1, likelihood=1, hazard=1, hazard_after=1, score=50, level=2, exposures=1)
        for m in machines
    )
    assert queries(curator_client, address) == few <= 16
