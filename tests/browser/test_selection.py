"""A security admin saves a view and shares it, picks what to do, and looks behind the marks, by keyboard."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from core.models import SavedView, User
from tests import worlds
from tests.browser.conftest import accessibility_faults, settle, sign_in

pytestmark = pytest.mark.django_db(transaction=True)
LIST = "/recommendations/"


def test_a_shared_view_is_seen_by_others(portal: Page, live_server: LiveServer, curator: User) -> None:
    worlds.fleet(machines=12)
    portal.goto(f"{live_server.url}{LIST}?kind=uninstall")
    portal.get_by_role("button", name="Save view").press("Enter")
    portal.get_by_label("Name", exact=True).fill("Out of support")
    portal.get_by_label("Share with everybody").check()
    assert accessibility_faults(portal) == []
    portal.get_by_role("button", name="Save", exact=True).press("Enter")
    expect(portal.get_by_text("Out of support is saved.")).to_be_visible()
    expect(portal.get_by_role("link", name="Out of support")).to_have_attribute("aria-current", "page")
    assert SavedView.objects.get().shared
    other = portal.context.browser.new_context().new_page()  # type: ignore[union-attr]
    sign_in(other, live_server.url, curator)
    other.goto(f"{live_server.url}{LIST}")
    other.get_by_role("link", name="shared by viewer: Out of support").click()
    expect(other).to_have_url(f"{live_server.url}{LIST}?kind=uninstall")
    settle(other)
    expect(other.locator("tbody tr")).to_have_count(1)
    other.context.close()


def test_three_are_picked_by_keyboard_over_pages_and_computed_together(portal: Page, live_server: LiveServer) -> None:
    worlds.fleet(machines=12, extra=30)
    portal.goto(f"{live_server.url}{LIST}")
    for number in (0, 1):
        portal.locator("td.pick input").nth(number).focus()
        portal.keyboard.press("Space")
    expect(portal.locator("#bulk")).to_contain_text("2 selected")
    portal.get_by_role("link", name="Next page").click()
    expect(portal).to_have_url(re.compile(r"page=2&pick=\d+,\d+$"))
    expect(portal.locator("#bulk")).to_contain_text("2 selected")
    portal.locator("td.pick input").first.check()
    expect(portal.locator("#bulk")).to_contain_text("3 selected")
    expect(portal.locator("#announce")).to_contain_text("3 picked, exposure score")
    assert accessibility_faults(portal) == []
    portal.go_back()
    expect(portal).to_have_url(re.compile(r"\?pick=\d+,\d+$"))
    expect(portal.locator("td.pick input:checked")).to_have_count(2)
    portal.get_by_role("link", name="What if these were done").click()
    expect(portal.get_by_role("img", name=re.compile("Exposure score"))).to_have_count(2)
    expect(portal.locator("tbody a.name")).to_have_count(2)
    assert accessibility_faults(portal) == []
    first = portal.locator("tbody a.name").first.inner_text()
    portal.get_by_role("link", name=re.compile("later$")).first.click()
    expect(portal.locator("tbody a.name").nth(1)).to_have_text(first)


def test_the_marks_open_a_panel_that_escape_closes(portal: Page, live_server: LiveServer) -> None:
    worlds.fleet(machines=12)
    portal.goto(f"{live_server.url}{LIST}")
    mark = portal.locator("a.threats").first
    mark.press("Enter")
    panel = portal.get_by_role("dialog", name="Insights")
    expect(panel).to_be_visible()
    expect(panel).to_contain_text("exploited in the wild")
    assert panel.evaluate("panel => panel.contains(document.activeElement)")
    assert accessibility_faults(portal) == []
    portal.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    expect(mark).to_be_focused()
    mark.hover()
    expect(panel).to_be_visible()
    portal.mouse.move(5, 5)
    portal.locator("#main").focus()
    expect(panel).to_be_hidden()


def test_a_column_moves_and_its_menu_stays(portal: Page, live_server: LiveServer) -> None:
    worlds.fleet(machines=12)
    portal.goto(f"{live_server.url}{LIST}")
    portal.get_by_role("button", name="Columns").click()
    portal.get_by_role("link", name="Move Weaknesses right").press("Enter")
    expect(portal).to_have_url(re.compile("columns=name,component,weaknesses,"))
    expect(portal.get_by_role("link", name="Move Weaknesses right")).to_be_focused()
    expect(portal.get_by_role("columnheader").nth(2)).to_have_text("Related component")
