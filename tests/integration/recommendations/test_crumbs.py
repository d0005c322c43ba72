"""Breadcrumbs that lead back to where the user came from."""

from __future__ import annotations

import re
from urllib.parse import quote

import pytest
from django.test import Client

from tests.integration.pages import queries
from tests.populations import Population, populate

pytestmark = pytest.mark.django_db
SITE = "http://testserver"
LIST = "/recommendations/?threat=exploited"


@pytest.fixture
def made() -> Population:
    return populate(machines=14, software=6, weaknesses=3, checks=5)


def crumbs(client: Client, address: str, referer: str = "") -> list[tuple[str, str]]:
    """(label, address) of each crumb that is a link."""
    page = client.get(address, headers={"Referer": referer} if referer else {}).content.decode()
    inside = re.search(r'<nav class="crumbs".*?</nav>', page, re.DOTALL)
    assert inside, address
    return [(label, link.replace("&amp;", "&")) for link, label in re.findall(r'<a href="([^"]*)">([^<]*)</a>', inside[0])]


def things(made: Population) -> dict[str, tuple[str, str]]:
    return {
        f"/software/{made.software[0].key}/": ("Software", "/software/"),
        f"/machines/{made.machines[0].pk}/": ("Machines", "/machines/"),
        f"/weaknesses/{made.weaknesses[0].cve}/": ("Weaknesses", "/weaknesses/"),
        f"/recommendations/va-_-{made.software[0].key}/": ("Recommendations", "/recommendations/"),
    }


def test_without_a_word_the_crumb_is_the_list_of_its_kind(made: Population, viewer_client: Client) -> None:
    for address, home in things(made).items():
        assert crumbs(viewer_client, address) == [home]


def test_the_page_one_came_from_is_the_crumb_with_its_filters(made: Population, viewer_client: Client) -> None:
    for address in things(made):
        assert crumbs(viewer_client, address, f"{SITE}{LIST}")[0] == ("Recommendations", LIST)
        assert crumbs(viewer_client, address, f"{SITE}/timeline/?days=7")[0] == ("Event timeline", "/timeline/?days=7")
        assert crumbs(viewer_client, address, f"{SITE}/")[0] == ("Dashboard", "/")


def test_it_is_kept_by_tabs_and_pages_of_lists(made: Population, viewer_client: Client) -> None:
    software = f"/software/{made.software[0].key}/"
    page = viewer_client.get(software, headers={"Referer": f"{SITE}{LIST}"}).content.decode()
    tabs = re.findall(r'class="tab" href="([^"#]*)#tabs"', page)
    assert len(tabs) > 3
    for tab in tabs:
        address = software + tab.replace("&amp;", "&")
        assert crumbs(viewer_client, address, f"{SITE}{software}")[0] == ("Recommendations", LIST)
    paged = viewer_client.get(f"{software}?tab=machines&per_page=30&from={quote(LIST)}").content.decode()
    assert f'<input type="hidden" name="from" value="{LIST}">' in paged


def test_things_lead_back_by_their_names(made: Population, viewer_client: Client) -> None:
    software, machine, weakness, recommendation = things(made)
    assert crumbs(viewer_client, machine, SITE + software)[0][0] == made.software[0].name
    assert crumbs(viewer_client, software, SITE + machine)[0][0] == made.machines[0].name
    assert crumbs(viewer_client, software, SITE + weakness)[0][0] == made.weaknesses[0].cve
    assert "Chrome" in crumbs(viewer_client, software, SITE + recommendation)[0][0]


def test_going_back_and_forth_never_turns_the_crumbs_round(made: Population, viewer_client: Client) -> None:
    software, machine, *_ = things(made)
    (_, back), *_ = crumbs(viewer_client, machine, f"{SITE}{software}?from={quote(LIST)}")
    assert crumbs(viewer_client, back, SITE + machine) == [("Recommendations", LIST)]
    (_, back), *_ = crumbs(viewer_client, machine, SITE + software)  # whose own origin nobody knows
    assert crumbs(viewer_client, back, SITE + machine) == [("Software", "/software/")]


def test_lists_behind_a_recommendation_stand_under_it(made: Population, viewer_client: Client) -> None:
    recommendation = f"/recommendations/va-_-{made.software[0].key}/"
    for name in ("exposed", "installed", "weaknesses"):
        for referer in (f"{SITE}{LIST}", f"{SITE}{recommendation}?from={quote(LIST)}"):
            first, second = crumbs(viewer_client, f"{recommendation}{name}/", referer)
            assert first == ("Recommendations", LIST)
            assert second[1] == f"{recommendation}?from={quote(LIST, safe='/,')}"
            assert crumbs(viewer_client, second[1], f"{SITE}{recommendation}{name}/") == [first]


@pytest.mark.parametrize(
    "hostile",
    [
        "//evil.example/",
        "https://evil.example/recommendations/",
        "javascript:alert(1)",
        "/\\evil.example/",
        "/admin/",
        "/sign-out/",
        "/nothing/",
        "/recommendations/?q=" + "a" * 5000,
        '/recommendations/"><script>',
        "/software/no-_-such/",
        "/machines/999999/",
        "2026-03-01",
    ],
)
def test_a_hostile_origin_is_nothing(hostile: str, made: Population, viewer_client: Client) -> None:
    software = f"/software/{made.software[0].key}/"
    assert crumbs(viewer_client, f"{software}?from={quote(hostile)}") == [("Software", "/software/")]
    answer = viewer_client.get(f"{software}?from={quote(hostile)}").content.decode()
    assert "from=" not in "".join(re.findall(r'class="tab" href="([^"]*)"', answer))
    assert "evil.example" not in answer
    assert "<script>" not in answer


@pytest.mark.parametrize(
    "referer", ["https://evil.example/recommendations/", "http://testserver.evil.example/recommendations/", "nonsense"]
)
def test_another_site_is_no_origin(referer: str, made: Population, viewer_client: Client) -> None:
    assert crumbs(viewer_client, f"/software/{made.software[0].key}/", referer) == [("Software", "/software/")]


def test_a_machine_outside_the_chosen_groups_is_not_named(made: Population, viewer_client: Client) -> None:
    outside = next(machine for machine in made.machines if machine.group_id != made.groups[1].pk)
    address = f"/software/{made.software[0].key}/?groups={made.groups[1].pk}&from=/machines/{outside.pk}/"
    assert crumbs(viewer_client, address) == [("Software", "/software/")]


def test_it_costs_one_statement_at_most(made: Population, viewer_client: Client) -> None:
    software, machine, *_ = things(made)
    plain = queries(viewer_client, software)
    assert queries(viewer_client, f"{software}?from={quote(LIST)}") == plain
    assert queries(viewer_client, f"{software}?from={machine}") == plain + 1
