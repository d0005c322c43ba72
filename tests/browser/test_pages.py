"""The dashboard and the pages of software, machines, weaknesses, events and scoring in a real browser."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from inventory.models import Machine
from tests.populations import Population, populate

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def made() -> Population:
    return populate(machines=14, software=8, weaknesses=3, checks=6, now=timezone.now().replace(microsecond=0) - dt.timedelta(minutes=1))


def test_the_dashboard_draws_its_charts_and_loads_the_top_recommendations(made: Population, portal: Page, live_server: LiveServer) -> None:
    portal.goto(f"{live_server.url}/")
    expect(portal.get_by_role("link", name="Update Google Chrome to 1.3.1")).to_be_visible()
    expect(portal.locator("[data-chart='exposure-trend'][data-drawn] svg.main-svg").first).to_be_visible()
    portal.get_by_text("View as table").first.click()
    table = portal.get_by_role("table", name="Exposure score by day")
    expect(table.get_by_role("row")).to_have_count(31)
    table.get_by_role("link").first.click()
    expect(portal.get_by_role("heading", name="Event timeline")).to_be_visible()


def test_a_slice_says_what_it_counts_and_leads_there(made: Population, portal: Page, live_server: LiveServer) -> None:
    portal.goto(f"{live_server.url}/")
    ring = portal.get_by_role("group", name="Machines by exposure level")
    slice_ = ring.get_by_role("link").first
    words = str(slice_.get_attribute("aria-label"))
    slice_.focus()
    expect(ring.locator(".donut__tip").locator("visible=true").last).to_contain_text(words.split(":", maxsplit=1)[0])
    slice_.press("Enter")
    expect(portal.get_by_role("heading", level=1, name="Machines")).to_be_visible()


def test_the_day_under_the_pointer_tells_its_events(made: Population, portal: Page, live_server: LiveServer) -> None:
    portal.goto(f"{live_server.url}/")
    chart = portal.locator("[data-chart='exposure-trend'][data-drawn]")
    dot = chart.locator(".scatterlayer .trace").last.locator(".point").last
    dot.scroll_into_view_if_needed()
    box = dot.bounding_box()
    assert box is not None
    portal.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    tip = portal.locator(".plot__tip")
    expect(tip).to_contain_text("Exposure score:")
    expect(tip.get_by_role("listitem", include_hidden=True).first).to_be_visible()
    portal.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(portal).to_have_url(re.compile(r"/timeline/\?from=(\S+)&to=\1"))


def test_from_a_slice_of_the_fleet_to_the_machine_to_its_weakness_to_the_fix(
    made: Population, portal: Page, live_server: LiveServer
) -> None:
    portal.goto(f"{live_server.url}/")
    portal.get_by_role("table", name="Machines by exposure level").get_by_role("link", name="High", exact=True).click()
    portal.get_by_role("link", name=made.machines[0].name).click()
    expect(portal.get_by_role("heading", level=1, name=made.machines[0].name)).to_be_visible()
    portal.get_by_role("link", name="Discovered vulnerabilities").click()
    portal.get_by_role("link", name=made.weaknesses[0].cve).first.click()
    expect(portal.get_by_role("cell", name="before 1.3.1")).to_be_visible()
    portal.get_by_role("link", name="Update Google Chrome to 1.3.1").click()
    expect(portal.get_by_role("heading", name="Update Google Chrome to 1.3.1").first).to_be_visible()


def test_searching_a_list_keeps_its_state_in_the_address(made: Population, portal: Page, live_server: LiveServer) -> None:
    portal.goto(f"{live_server.url}/machines/")
    search = portal.get_by_role("searchbox", name="Search machines")
    search.fill("web-edge")
    search.press("Enter")
    expect(portal).to_have_url(f"{live_server.url}/machines/?q=web-edge")
    expect(portal.locator("#results tbody tr")).to_have_count(sum(machine.internet_facing for machine in made.machines))
    portal.go_back()
    expect(portal.locator("#results tbody tr")).to_have_count(len(made.machines))


def test_a_curator_tags_a_machine_with_the_keyboard(made: Population, curation: Page, live_server: LiveServer) -> None:
    machine = made.machines[1]
    curation.goto(f"{live_server.url}/machines/{machine.pk}/")
    curation.get_by_role("button", name="Manage tags").press("Enter")
    field = curation.get_by_label("Tags", exact=False).and_(curation.get_by_role("textbox"))
    field.fill("vip")
    field.press("Enter")
    expect(curation.get_by_text("is changed. Its score follows within seconds.")).to_be_visible()
    assert Machine.objects.get(pk=machine.pk).tags == ["vip"]


def test_everything_works_without_javascript(made: Population, portal: Page, live_server: LiveServer) -> None:
    state = portal.context.storage_state()
    browser = portal.context.browser
    assert browser is not None
    context = browser.new_context(java_script_enabled=False, storage_state=state)
    page = context.new_page()
    page.goto(f"{live_server.url}/")
    page.get_by_role("link", name="Show the recommendations with the largest impact").click()
    expect(page.get_by_role("link", name="Update Google Chrome to 1.3.1")).to_be_visible()
    page.goto(f"{live_server.url}/software/{made.software[0].key}/")
    page.get_by_role("link", name="Version distribution").click()
    expect(page.get_by_role("cell", name="1.2.0").first).to_be_visible()
    context.close()
