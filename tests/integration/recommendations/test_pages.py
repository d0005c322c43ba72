"""What every page of software, machines, weaknesses, timeline and scoring has in common."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urljoin

import pytest
import time_machine
from django.core.cache import cache
from django.db import transaction
from django.test import Client

from inventory.models import Machine, Software
from tests.integration.pages import LARGEST, csv_lines, links, queries, text
from tests.populations import NOW, populate
from weaknesses.models import Event, Weakness

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_noon")]

LISTS = ("/software/", "/machines/", "/weaknesses/", "/weaknesses/?present=any", "/timeline/")
SOFTWARE_TABS = ("overview", "recommendations", "vulnerabilities", "machines", "versions", "timeline")
MACHINE_TABS = ("recommendations", "software", "vulnerabilities", "configuration", "alerts")


@pytest.fixture
def at_noon() -> Iterator[None]:
    """The views' clock stands at the time of the data."""
    with time_machine.travel(NOW, tick=False):
        yield


def every_page() -> list[str]:
    software, machine, cve = Software.objects.order_by("pk")[0], Machine.objects.order_by("pk")[0], Weakness.objects.order_by("pk")[0].cve
    pages = [
        "/",
        "/top-recommendations/",
        "/scoring/",
        *LISTS,
        f"/weaknesses/{cve}/",
        f"/weaknesses/?open={cve}",
        f"/weaknesses/{cve}/machines/",
    ]
    if event := Event.objects.order_by("pk").first():
        pages += [f"/timeline/{event.pk}/", f"/timeline/?open={event.pk}"]
    pages += [f"/software/{software.key}/?tab={tab}" for tab in SOFTWARE_TABS]
    return pages + [f"/machines/{machine.pk}/?tab={tab}" for tab in MACHINE_TABS]


def test_every_page_is_small(viewer_client: Client) -> None:
    populate(machines=60, software=35, weaknesses=3, checks=30, days=30)
    sizes = {page: len(viewer_client.get(page).content) for page in every_page()}
    assert {page: size for page, size in sizes.items() if size > LARGEST} == {}


def test_no_page_leads_to_a_dead_end(viewer_client: Client) -> None:
    populate(machines=8, software=6, weaknesses=2, checks=5)
    found = {urljoin(page, link): page for page in every_page() for link in links(viewer_client.get(page)) if "sort=" not in link}
    dead = {address: page for address, page in found.items() if viewer_client.get(address).status_code != 200}
    assert dead == {}
    assert len(found) > 60


def test_the_number_of_statements_does_not_grow_with_the_rows(viewer_client: Client) -> None:
    with transaction.atomic():
        populate(machines=1, software=1, weaknesses=1, checks=1)
        few = [queries(viewer_client, page) for page in every_page()]
        transaction.set_rollback(True)
    cache.clear()
    populate(machines=25, software=25, weaknesses=3, checks=25)
    many = {page: queries(viewer_client, page) for page in every_page()}
    # A lookup of nothing is not sent at all, so a page may take fewer. The place of an open row that is not near is looked for once more.
    looks = {page: 1 if "open=" in page else 0 for page in many}
    assert {page: (before, now) for (page, now), before in zip(many.items(), few, strict=True) if now > before + looks[page]} == {}
    assert max(many.values()) <= 31


@pytest.mark.parametrize("page", LISTS)
def test_lists_before_the_first_run_say_so_and_show_no_zero(page: str, viewer_client: Client) -> None:
    response = viewer_client.get(page)
    assert response.status_code == 200
    words = text(response)
    assert "Not computed yet" in words or "Nothing yet" in words or "No machines" in words or "No weakness matches" in words


@pytest.mark.parametrize(
    "page", ["/software/nothing-_-here/", "/machines/999999/", "/weaknesses/CVE-1999-0000/", "/software/nothing-_-here/export.csv"]
)
def test_what_does_not_exist_is_not_found(page: str, viewer_client: Client) -> None:
    assert viewer_client.get(page).status_code == 404


@pytest.mark.parametrize("page", ["/software/", "/machines/", "/weaknesses/", "/timeline/"])
def test_an_unknown_filter_is_named_and_harmless(page: str, viewer_client: Client) -> None:
    populate(machines=2, software=2)
    response = viewer_client.get(f"{page}?colour=red&sort=nothing&page=zero")
    assert response.status_code == 200
    assert "Unknown colour" in text(response)


@pytest.mark.parametrize("page", ["/software/", "/machines/", "/weaknesses/", "/timeline/"])
def test_a_partial_answer_is_the_results_alone(page: str, viewer_client: Client) -> None:
    populate(machines=2, software=2)
    response = viewer_client.get(f"{page}?q=", headers={"HX-Request": "true", "HX-Target": "results"})
    assert response.content.decode().lstrip().startswith('<div id="results"')
    assert response["HX-Push-Url"] == f"{page}?"
    assert {"HX-Request", "HX-Target"} <= {name.strip() for name in response["Vary"].split(",")}


def test_exports_hold_what_the_lists_hold(viewer_client: Client) -> None:
    made = populate(machines=12, software=6, weaknesses=3, checks=4)
    assert len(csv_lines(viewer_client, "/machines/export.csv")) == 1 + 12
    assert len(csv_lines(viewer_client, "/software/export.csv")) == 1 + 6
    assert len(csv_lines(viewer_client, "/timeline/export.csv")) == 1 + len(made.events)
    present = Weakness.objects.filter(exposed_count__gt=0).count()
    assert len(csv_lines(viewer_client, "/weaknesses/export.csv")) == 1 + present
    assert len(csv_lines(viewer_client, "/machines/export.csv?level=high")) == 1 + Machine.objects.filter(score__level=3).count()
    for tab in SOFTWARE_TABS:
        assert len(csv_lines(viewer_client, f"/software/{made.software[0].key}/export.csv?tab={tab}")) > 1, tab
    for tab in MACHINE_TABS:
        assert len(csv_lines(viewer_client, f"/machines/{made.machines[0].pk}/export.csv?tab={tab}")) > 1, tab


@pytest.mark.parametrize("page", ["/", "/software/", "/machines/", "/weaknesses/", "/timeline/", "/scoring/", "/top-recommendations/"])
def test_strangers_are_sent_to_sign_in(page: str, client: Client) -> None:
    response = client.get(page)
    assert response.status_code == 302
    assert "/sign-in/" in response["Location"]


def test_other_groups_than_the_chosen_ones_count_nowhere(viewer_client: Client) -> None:
    made = populate(machines=12, software=4, weaknesses=2)
    inside = [machine for machine in made.machines if machine.group_id == made.groups[1].pk]
    address = f"groups={made.groups[1].pk}"
    assert len(csv_lines(viewer_client, f"/machines/export.csv?{address}")) == 1 + len(inside)
    outside = next(machine for machine in made.machines if machine not in inside)
    assert viewer_client.get(f"/machines/{outside.pk}/?{address}").status_code == 404
    page = text(viewer_client.get(f"/software/{made.software[0].key}/?{address}"))
    assert f"{len(inside)} machines" in page
