"""Whoever may see some machine groups sees nothing of the others: neither names nor figures."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
import time_machine
from django.db.models import Sum
from django.test import Client

from core.built_in_roles import IT, SECURITY, VIEWER
from core.models import User
from inventory.models import Alert, Installation, Machine, MachineGroup, SoftwareStat
from recommendations.models import GroupScore, InaccuracyReport, Recommendation, RecommendationStat, WeaknessStat
from remediation import actions
from remediation.models import Activity, ActivityTarget
from tests.conftest import client_of, make_user
from tests.integration.pages import csv_lines, links, queries, text
from tests.worlds import NOW, World, fleet

pytestmark = pytest.mark.django_db
LISTS = (
    "/recommendations/",
    "/software/",
    "/weaknesses/",
    "/weaknesses/?present=any",
    "/machines/",
    "/machines/?state=any",
    "/remediation/",
    "/remediation/time-to-fix/",
    "/reports/vulnerable-machines/",
    "/reports/vulnerable-machines/machines/",
    "/search/?q=e",
    "/search/?q=chrome",
    "/search/?q=CVE",
    "/top-recommendations/",
    "/scoring/",
)
EXPORTS = (
    "/recommendations/export.csv",
    "/software/export.csv",
    "/weaknesses/export.csv",
    "/machines/export.csv?state=any",
    "/remediation/export.csv",
    "/remediation/time-to-fix/export.csv",
    "/reports/vulnerable-machines/export.csv",
    "/reports/vulnerable-machines/machines/export.csv",
)
PAGES_CRAWLED = 220


@pytest.fixture(autouse=True)
def _now() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def world(db: None) -> World:
    made = fleet(machines=30)
    made.groups[3].name = "Secret laboratory"
    made.groups[3].save(update_fields=["name"])
    return made


@pytest.fixture
def own(world: World) -> list[int]:
    """The groups that the restricted user may see; the others are those that must not show."""
    return [world.groups[1].pk, world.groups[2].pk]


@pytest.fixture
def restricted(own: list[int]) -> Client:
    return client_of(make_user("restricted", VIEWER, groups=own))


@pytest.fixture
def chooser(own: list[int], viewer_client: Client) -> Client:
    """Somebody who sees all, and has chosen these groups."""
    viewer_client.post("/account/groups/", {"group": own})
    return viewer_client


@pytest.fixture
def activities(world: World, own: list[int]) -> list[Activity]:
    """One that is all over the organisation, and one for other groups alone."""
    asker = make_user("asker", IT)
    first, second = world.recommendations[0], world.recommendations[1]
    everywhere = [group.pk for group in world.groups]
    elsewhere = [pk for pk in everywhere if pk not in own]
    return [
        actions.request_remediation(recommendation=one, group_ids=groups, priority="high", by=asker, now=NOW)
        for one, groups in ((first, everywhere), (second, elsewhere))
    ]


def _main(client: Client, address: str) -> str:
    """The words of the page without its frame: the menu of machine groups differs."""
    response: Any = client.get(address)
    assert response.status_code == 200, address
    whole = response.content.decode()
    main = re.search(r"<main.*</main>", whole, re.DOTALL)
    assert main, address
    response.content = main.group().encode()
    return text(response)


def _of(address: str, groups: Sequence[int]) -> str:
    return f"{address}{'&' if '?' in address else '?'}groups={','.join(map(str, groups))}"


@pytest.mark.usefixtures("activities")
@pytest.mark.parametrize("address", LISTS)
def test_a_page_is_what_somebody_who_sees_all_sees_of_these_groups(address: str, restricted: Client, chooser: Client) -> None:
    expected = _main(chooser, address)
    if address == "/scoring/":
        expected = re.sub(r", \d+ machines\.", ".", expected, count=1)  # of the run, which is about the whole organisation
    assert _main(restricted, address) == expected


@pytest.mark.usefixtures("activities")
@pytest.mark.parametrize("address", EXPORTS)
def test_an_export_is_what_somebody_who_sees_all_exports_of_these_groups(
    address: str, own: list[int], restricted: Client, chooser: Client, superuser_client: Client
) -> None:
    lines = csv_lines(restricted, address)
    assert lines == csv_lines(chooser, address)
    assert lines == csv_lines(superuser_client, _of(address, own))


def test_counters_are_sums_over_the_machines_that_may_be_seen(world: World, own: list[int], restricted: Client) -> None:
    mine = Machine.objects.filter(group_id__in=own)
    assert 0 < mine.count() < len(world.machines)
    machines = csv_lines(restricted, "/machines/export.csv?state=any")
    assert {line.split(",")[0] for line in machines[1:]} == set(mine.values_list("name", flat=True))
    counted = Installation.objects.filter(machine__in=mine).values("version__software").distinct().count()
    assert len(csv_lines(restricted, "/software/export.csv")) - 1 == counted
    weaknesses = WeaknessStat.objects.filter(group_id__in=own, exposed__gt=0).values("weakness").distinct().count()
    assert len(csv_lines(restricted, "/weaknesses/export.csv")) - 1 == weaknesses
    needed = RecommendationStat.objects.filter(group_id__in=own, exposed__gt=0, recommendation__status="active").values("recommendation")
    assert len(csv_lines(restricted, "/recommendations/export.csv")) - 1 == needed.distinct().count()


def test_the_dashboard_shows_the_score_of_these_groups(own: list[int], restricted: Client) -> None:
    sums = GroupScore.objects.filter(group_id__in=own).aggregate(weight=Sum("weight"), exposure=Sum("exposure"), machines=Sum("machines"))
    everything = GroupScore.objects.aggregate(weight=Sum("weight"), exposure=Sum("exposure"))
    score = 100 * sums["exposure"] / sums["weight"]
    response = restricted.get("/")
    assert response.context["exposure"].score == pytest.approx(score)
    assert score != pytest.approx(100 * everything["exposure"] / everything["weight"])
    assert response.context["exposure"].machines == sums["machines"]
    assert response.context["frame"].groups.total == len(own)
    assert response.context["frame"].groups.is_all is False


def test_the_rail_counts_what_may_be_seen(own: list[int], restricted: Client) -> None:
    rail = {entry.label: entry.count for entry in restricted.get("/scoring/").context["frame"].rail}
    assert rail["Machines"] == GroupScore.objects.filter(group_id__in=own).aggregate(total=Sum("machines"))["total"]
    assert rail["Software"] == SoftwareStat.objects.filter(group_id__in=own, installed__gt=0).values("software").distinct().count()
    assert rail["Weaknesses"] == WeaknessStat.objects.filter(group_id__in=own, exposed__gt=0).values("weakness").distinct().count()


def test_activities_count_their_machines_in_these_groups(activities: list[Activity], own: list[int], restricted: Client) -> None:
    shared, foreign = activities
    targets = ActivityTarget.objects.filter(activity=shared)
    mine = targets.filter(machine__group_id__in=own).count()
    assert 0 < mine < targets.count()
    page = restricted.get(f"/remediation/{shared.pk}/")
    assert page.context["row"].total == mine
    assert "Secret laboratory" not in text(page)
    assert len(csv_lines(restricted, f"/remediation/{shared.pk}/export.csv")) - 1 == mine
    assert restricted.get(f"/remediation/{foreign.pk}/").status_code == 404
    assert len(csv_lines(restricted, "/remediation/export.csv")) == 2


def test_who_handles_some_groups_asks_and_ends_for_these_alone(world: World, activities: list[Activity], own: list[int]) -> None:
    client = client_of(make_user("it", IT, groups=own))
    shared = activities[0]
    assert client.post(f"/remediation/{shared.pk}/complete/").status_code == 403
    recommendation = world.recommendations[2]
    address = f"/recommendations/{recommendation.key}/remediation/"
    offered = {group.id for group in client.get(address).context["groups"]}
    assert offered <= set(own)
    foreign = next(group.pk for group in world.groups if group.pk not in own)
    answer = client.post(address, {"groups": [foreign], "priority": "high"})
    assert answer.status_code == 422
    client.post(address, {"groups": sorted(offered), "priority": "high", "due_on": "2026-05-01", "notes": ""})
    made = Activity.objects.exclude(pk__in=[activity.pk for activity in activities]).get()
    assert not ActivityTarget.objects.filter(activity=made).exclude(machine__group_id__in=own).exists()
    assert client.post(f"/remediation/{made.pk}/complete/").status_code == 302


def test_device_values_are_set_in_these_groups_alone(world: World, own: list[int]) -> None:
    client = client_of(make_user("security", SECURITY, groups=own))
    inside = Machine.objects.filter(group_id__in=own).first()
    outside = Machine.objects.exclude(group_id__in=own).first()
    assert inside
    assert outside
    before = outside.value
    assert client.post(f"/machines/{inside.pk}/change/", {"what": "value", "value": "2"}).status_code == 302
    assert client.post(f"/machines/{outside.pk}/change/", {"what": "value", "value": "2"}).status_code == 404
    client.post("/machines/change/", {"what": "value", "value": "0", "machine": [inside.pk, outside.pk]})
    client.post("/machines/change/", {"what": "value", "value": "0", "every": "1", "list": _of("?state=any", [outside.group_id])})
    inside.refresh_from_db()
    outside.refresh_from_db()
    assert (inside.value, outside.value) == (0, before)
    assert client.get("/settings/groups/new/").status_code == 403


def test_groups_of_the_address_and_the_session_are_narrowed_to_the_permitted(world: World, own: list[int], restricted: Client) -> None:
    foreign = next(group.pk for group in world.groups if group.pk not in own)
    assert restricted.get(_of("/machines/", [foreign])).context["frame"].groups.group_ids == own
    assert restricted.get(_of("/machines/", [own[0], foreign])).context["frame"].groups.group_ids == own[:1]
    restricted.post("/account/groups/", {"group": [own[1], foreign], "next": "/machines/"})
    assert restricted.get("/machines/").context["frame"].groups.group_ids == own[1:]


def test_nothing_of_other_groups_shows_on_any_page(world: World, own: list[int], restricted: Client, activities: list[Activity]) -> None:
    outside = Machine.objects.exclude(group_id__in=own)
    hidden = outside.first()
    assert hidden
    Machine.objects.filter(pk=hidden.pk).update(tags=["hidden-tag"])
    reporter = User.objects.get(username="asker")
    for machine in (hidden, Machine.objects.filter(group_id__in=own).first()):
        told: dict[str, Any] = {"category": "other", "details": "x", "reported_by": reporter, "reported_at": NOW}
        InaccuracyReport.objects.create(recommendation=Recommendation.objects.first(), machine=machine, **told)
    Alert.objects.create(machine=hidden, title="Beacon of the hidden machine", severity=3, source="edr", external_id="x", opened_at=NOW)
    foreign = Activity.objects.get(pk=activities[1].pk)
    Activity.objects.filter(pk=foreign.pk).update(notes="For the laboratory")
    secrets = {*outside.values_list("name", flat=True), "hidden-tag", "Beacon of the hidden machine", str(foreign.pk)}
    secrets |= set(MachineGroup.objects.exclude(pk__in=own).values_list("name", flat=True))
    asked = f"/search/?q={hidden.name}"
    start = ["/", "/timeline/?days=90", "/settings/groups/", "/settings/inaccuracies/", "/notifications/", asked, *LISTS]
    seen: set[str] = set()
    waiting = [*start, *EXPORTS, "/settings/inaccuracies/export.csv", "/timeline/export.csv"]
    while waiting and len(seen) < PAGES_CRAWLED:
        address = waiting.pop(0)
        if address in seen or address.startswith(("/static/", "/admin/")):
            continue
        seen.add(address)
        response: Any = restricted.get(address)
        if response.status_code != 200:
            continue
        content = b"".join(response.streaming_content) if response.streaming else response.content
        shown = content.decode()
        for secret in secrets:
            if not (address.startswith("/search/") and secret == hidden.name):
                assert not re.search(rf"(?<![\w-]){re.escape(secret)}(?![\w-])", shown), f"{secret} on {address}"
        if not response.streaming and response["Content-Type"].startswith("text/html"):
            waiting += [found for link in links(response) if (found := _absolute(address, link)) not in seen]
    assert len(seen) >= 100
    assert (
        "No result" in text(restricted.get(f"/search/?q={hidden.name}")) or not restricted.get(f"/search/?q={hidden.name}").context["found"]
    )


def _absolute(page: str, link: str) -> str:
    path = page.partition("?")[0]
    return link if link.startswith("/") else f"{path}{link}" if link.startswith("?") else f"{path.rpartition('/')[0]}/{link}"


@pytest.mark.parametrize("address", ["/machines/", "/recommendations/", "/", "/remediation/", "/scoring/"])
def test_roles_cost_no_statement(address: str, own: list[int], restricted: Client, superuser_client: Client) -> None:
    assert queries(restricted, address) <= queries(superuser_client, _of(address, own))


def test_who_has_no_role_is_told_whom_to_ask(superuser: User) -> None:
    superuser.email = "root@example.org"
    superuser.save()
    nobody = client_of(User.objects.create_user("nobody"))
    response = nobody.get("/machines/")
    assert response.status_code == 403
    assert "root@example.org" in text(response)
    assert nobody.get("/account/").status_code == 200
