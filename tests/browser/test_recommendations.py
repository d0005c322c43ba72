"""A security admin finds out what to do first: list, filters, flyout, by mouse and by keyboard."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from tests import worlds
from tests.browser.conftest import accessibility_faults, settle

pytestmark = pytest.mark.django_db(transaction=True)
LIST = "/recommendations/"
CHROME = "va-_-google-_-chrome"


@pytest.fixture
def listed(portal: Page, live_server: LiveServer) -> Page:
    """The list of a small organisation."""
    worlds.fleet(machines=24, extra=30)
    portal.goto(f"{live_server.url}{LIST}")
    return portal


def flyout_of(page: Page, name: str) -> None:
    expect(page.get_by_role("dialog", name=name)).to_be_visible()


def test_a_filter_narrows_the_list_and_its_address(listed: Page, live_server: LiveServer) -> None:
    listed.get_by_role("button", name="Filters").click()
    listed.get_by_label("Software uninstall").check()
    listed.get_by_role("button", name="Apply").and_(listed.locator("#filters button")).click()
    expect(listed).to_have_url(f"{live_server.url}{LIST}?kind=uninstall")
    settle(listed)
    expect(listed.locator("tbody tr")).to_have_count(1)
    expect(listed.locator("#announce")).to_have_text("1 recommendation")
    listed.get_by_role("link", name=re.compile("Remove Remediation type")).click()
    expect(listed).to_have_url(re.compile(r"/recommendations/\??$"))
    expect(listed.locator("tbody tr")).to_have_count(30)
    listed.go_back()
    expect(listed).to_have_url(f"{live_server.url}{LIST}?kind=uninstall")
    expect(listed.locator("tbody tr")).to_have_count(1)


def test_slash_leads_to_the_search(listed: Page) -> None:
    listed.locator("#main").press("/")
    expect(listed.get_by_role("combobox", name="Search a CVE, software, machine or recommendation")).to_be_focused()


def test_the_flyout_opens_and_closes_by_keyboard(listed: Page, live_server: LiveServer) -> None:
    link = listed.get_by_role("link", name="Update Google Chrome to 146.0.7680.71")
    link.focus()
    link.press("Enter")
    flyout_of(listed, "Update Google Chrome to 146.0.7680.71")
    expect(listed).to_have_url(f"{live_server.url}{LIST}?open={CHROME}")
    expect(listed.get_by_role("link", name="Close")).to_be_focused()
    expect(listed.locator("[data-chart]")).to_have_attribute("data-drawn", "1")
    listed.keyboard.press("Escape")
    expect(listed.locator("#flyout")).to_be_hidden()
    expect(listed).to_have_url(f"{live_server.url}{LIST}")
    expect(link).to_be_focused()


def test_back_closes_the_flyout_and_forward_opens_it(listed: Page, live_server: LiveServer) -> None:
    listed.get_by_role("link", name="Update RARLAB WinRAR to 7.20").click()
    flyout_of(listed, "Update RARLAB WinRAR to 7.20")
    listed.go_back()
    expect(listed.locator("#flyout")).to_be_hidden()
    expect(listed).to_have_url(f"{live_server.url}{LIST}")
    listed.go_forward()
    flyout_of(listed, "Update RARLAB WinRAR to 7.20")


def test_next_walks_down_the_list_and_over_its_pages(listed: Page, live_server: LiveServer) -> None:
    names = listed.locator("tbody a.name").all_inner_texts()
    listed.get_by_role("link", name=names[29], exact=True).click()
    flyout_of(listed, names[29])
    listed.get_by_role("link", name="Next recommendation").click()
    expect(listed).to_have_url(re.compile(r"\?page=2&open="))
    expect(listed.get_by_text("31 of 47")).to_be_visible()
    expect(listed.locator("#results")).to_have_attribute("data-address", f"{LIST}?page=2")
    listed.keyboard.press("Escape")
    expect(listed).to_have_url(f"{live_server.url}{LIST}?page=2")
    expect(listed.locator("tbody a.name").first).to_be_focused()


@pytest.mark.parametrize("query", ["sort=name", "sort=name&per_page=50"])
def test_an_address_with_open_leads_straight_to_the_flyout(listed: Page, live_server: LiveServer, query: str) -> None:
    address = f"{live_server.url}{LIST}?{query}"
    listed.goto(f"{address}&open={CHROME}")
    flyout_of(listed, "Update Google Chrome to 146.0.7680.71")
    expect(listed.get_by_role("heading", name="Why it ranks here")).to_be_visible()
    expect(listed.get_by_role("link", name="Close")).to_be_focused()
    expect(listed).to_have_url(f"{address}&open={CHROME}")
    listed.get_by_role("link", name="Close").click()
    expect(listed).to_have_url(address)
    expect(listed.locator("tr", has=listed.locator(":focus"))).to_contain_text("Update Google Chrome")


def test_the_chart_has_a_table_twin(listed: Page, live_server: LiveServer) -> None:
    listed.goto(f"{live_server.url}{LIST}{CHROME}/")
    listed.get_by_text("View as table").click()
    expect(listed.get_by_role("table", name="Exposed machines by day").locator("tbody tr")).to_have_count(30)


def test_machine_groups_hold_on_every_page(listed: Page) -> None:
    listed.get_by_role("button", name="Machine groups").click()
    pane = listed.get_by_role("dialog", name="Machine groups")
    for box in pane.get_by_role("checkbox").all()[1:]:
        box.uncheck()
    pane.get_by_role("button", name="Apply").click()
    expect(listed.get_by_role("button", name=re.compile("Machine groups 1 of 5"))).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_list_flyout_and_page_are_accessible(listed: Page, live_server: LiveServer, scheme: str) -> None:
    listed.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    listed.goto(f"{live_server.url}{LIST}?colour=red")
    assert accessibility_faults(listed) == []
    listed.get_by_role("button", name="Filters").click()
    assert accessibility_faults(listed) == []
    listed.goto(f"{live_server.url}{LIST}?open={CHROME}")
    expect(listed.locator("[data-chart]")).to_have_attribute("data-drawn", "1")
    assert accessibility_faults(listed) == []
    listed.goto(f"{live_server.url}{LIST}{CHROME}/")
    assert accessibility_faults(listed) == []
    listed.goto(f"{live_server.url}{LIST}{CHROME}/weaknesses/")
    assert accessibility_faults(listed) == []


@pytest.mark.parametrize("width", [320, 390, 768])
def test_no_page_scrolls_sideways(listed: Page, live_server: LiveServer, width: int) -> None:
    listed.set_viewport_size({"width": width, "height": 800})
    for address in (LIST, f"{LIST}?open={CHROME}", f"{LIST}{CHROME}/", f"{LIST}{CHROME}/exposed/", f"{LIST}{CHROME}/weaknesses/"):
        listed.goto(f"{live_server.url}{address}")
        assert listed.evaluate("document.documentElement.scrollWidth") <= width, address


def test_the_list_works_without_javascript(live_server: LiveServer, listed: Page) -> None:
    context = listed.context.browser.new_context(java_script_enabled=False, storage_state=listed.context.storage_state())  # type: ignore[union-attr]
    page = context.new_page()
    page.goto(f"{live_server.url}{LIST}?open={CHROME}")
    expect(page.get_by_role("heading", name="Update Google Chrome to 146.0.7680.71")).to_be_visible()
    page.get_by_role("link", name="Close").click()
    page.get_by_role("link", name="Update Google Chrome to 146.0.7680.71").click()
    expect(page).to_have_url(f"{live_server.url}{LIST}{CHROME}/")
    context.close()
