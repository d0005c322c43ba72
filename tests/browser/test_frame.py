"""The frame around every page in a real browser: search, notices, rail, origins, time zone, keys."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from core.models import User
from tests.browser.conftest import accessibility_faults, settle
from tests.populations import Population, populate
from weaknesses.models import Event

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def made() -> Population:
    now = timezone.now().replace(microsecond=0) - dt.timedelta(minutes=1)
    found = populate(machines=14, software=8, weaknesses=3, checks=6, now=now)
    Event.objects.create(
        kind="exploited", at=now, software=found.software[0], weakness_ids=[found.weaknesses[0].pk], machines=3, machines_total=14
    )
    return found


def test_something_is_found_opened_and_left_by_keys_alone(made: Population, portal: Page, live_server: LiveServer) -> None:
    portal.goto(f"{live_server.url}/help/")
    box, listed = portal.get_by_role("combobox", name="Search a CVE"), portal.get_by_role("listbox", name="Suggestions")
    portal.keyboard.press("/")
    expect(box).to_be_focused()
    portal.keyboard.type("chr")
    expect(listed).to_be_visible()
    expect(box).to_have_attribute("aria-expanded", "true")
    expect(portal.locator("#announce")).to_contain_text("suggestion")
    assert accessibility_faults(portal) == []
    portal.keyboard.press("ArrowDown")
    option = portal.get_by_role("option", name="Google Chrome").first
    expect(option).to_have_attribute("aria-selected", "true")
    expect(box).to_have_attribute("aria-activedescendant", option.get_attribute("id") or "")
    portal.keyboard.press("Escape")
    expect(listed).to_be_hidden()
    expect(box).to_have_value("chr")
    portal.keyboard.press("ArrowDown")
    expect(listed).to_be_visible()
    portal.keyboard.press("ArrowDown")
    portal.keyboard.press("Enter")
    expect(portal.get_by_role("heading", level=1, name="Google Chrome")).to_be_visible()
    portal.keyboard.press("/")
    portal.keyboard.type(made.weaknesses[0].cve)
    portal.keyboard.press("Enter")  # nothing is chosen: the page of results
    expect(portal.get_by_role("heading", name="Best match")).to_be_visible()
    assert accessibility_faults(portal) == []


def test_the_bell_tells_what_happened_until_it_is_read(made: Population, portal: Page, live_server: LiveServer) -> None:
    portal.goto(f"{live_server.url}/software/")
    bell = portal.locator("#bell")
    expect(bell).to_have_accessible_name(re.compile(r"Notifications, \d+ unread"))
    bell.focus()
    portal.keyboard.press("Enter")
    panel = portal.get_by_role("dialog", name="Notifications")
    expect(panel.get_by_role("link", name=re.compile("exploited in the wild")).first).to_be_visible()
    assert accessibility_faults(portal) == []
    portal.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    expect(bell).to_be_focused()
    bell.click()
    panel.get_by_role("button", name="Mark all as read").click()
    expect(portal.get_by_text("All notices are marked as read.")).to_be_visible()
    assert portal.url == f"{live_server.url}/software/"
    expect(portal.locator("#bell")).to_have_accessible_name("Notifications")


def test_the_rail_stays_as_it_was_left(made: Population, portal: Page, live_server: LiveServer) -> None:
    portal.goto(f"{live_server.url}/help/")
    rail, root = portal.get_by_role("navigation", name="Main"), portal.locator("html")
    wide = rail.bounding_box()
    with portal.expect_response(re.compile("/account/rail/")):
        portal.get_by_role("button", name="Collapse").click()
    expect(root).to_have_attribute("data-rail", "icons")
    narrow = rail.bounding_box()
    assert wide
    assert narrow
    assert narrow["width"] < wide["width"]
    portal.goto(f"{live_server.url}/software/")
    expect(root).to_have_attribute("data-rail", "icons")
    expect(rail.get_by_role("link", name="Software")).to_have_attribute("title", "Software")
    assert accessibility_faults(portal) == []
    portal.get_by_role("button", name="Show labels").click()
    expect(root).not_to_have_attribute("data-rail", "icons")


def test_a_crumb_leads_back_to_the_filtered_list(made: Population, portal: Page, live_server: LiveServer) -> None:
    portal.goto(f"{live_server.url}/software/?q=chrome")
    portal.get_by_role("link", name="Google Chrome", exact=True).first.click()
    portal.get_by_role("link", name="Installed machines").first.click()
    portal.get_by_role("link", name=made.machines[0].name).first.click()
    trail = portal.get_by_role("navigation", name="Breadcrumbs")
    trail.get_by_role("link", name="Google Chrome").click()
    expect(portal.get_by_role("heading", level=1, name="Google Chrome")).to_be_visible()
    trail.get_by_role("link", name="Software").click()
    assert portal.url == f"{live_server.url}/software/?q=chrome"


@pytest.mark.browser_context_args(timezone_id="Asia/Kolkata")
def test_times_are_those_of_the_browser(made: Population, portal: Page, live_server: LiveServer) -> None:
    portal.goto(f"{live_server.url}/software/")
    shown = portal.locator(".asof time")
    expect(shown).to_contain_text("IST")
    expect(shown).to_have_attribute("title", re.compile("UTC$"))


def test_keys_go_to_pages_and_can_be_switched_off(made: Population, portal: Page, live_server: LiveServer, viewer: User) -> None:
    portal.goto(f"{live_server.url}/help/")
    portal.keyboard.press("g")
    portal.keyboard.press("w")
    portal.wait_for_url(f"{live_server.url}/weaknesses/")
    portal.keyboard.press("?")
    expect(portal.get_by_role("dialog", name="Help")).to_be_visible()
    portal.goto(f"{live_server.url}/account/")
    portal.get_by_label("Keyboard shortcuts").select_option("off")
    portal.get_by_role("button", name="Save").click()
    expect(portal.get_by_text("Your settings are saved.")).to_be_visible()
    portal.keyboard.press("/")
    expect(portal.get_by_role("combobox", name="Search a CVE")).not_to_be_focused()


def test_groups_are_chosen_all_or_none(made: Population, portal: Page, live_server: LiveServer) -> None:
    portal.goto(f"{live_server.url}/help/")
    portal.get_by_role("button", name="Machine groups").click()
    pane = portal.get_by_role("dialog", name="Machine groups")
    pane.get_by_role("button", name="Select none").click()
    expect(pane.get_by_text("No group is chosen.")).to_be_visible()
    pane.get_by_role("button", name="Select all").click()
    expect(pane.get_by_text("No group is chosen.")).to_be_hidden()


@pytest.mark.parametrize(("scheme", "width"), [("light", 320), ("dark", 768)])
def test_the_pages_of_the_frame_are_accessible_and_fit(
    scheme: str, width: int, made: Population, portal: Page, live_server: LiveServer
) -> None:
    portal.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    portal.set_viewport_size({"width": width, "height": 800})
    faults: dict[str, list[str]] = {}
    for path in ("/search/?q=chrome", "/notifications/", "/help/", "/account/"):
        portal.goto(f"{live_server.url}{path}")
        settle(portal)
        if found := accessibility_faults(portal):
            faults[path] = found
        overflow = portal.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert overflow <= 0, f"{path} is {overflow} px wider than the window"
    assert faults == {}
    for name in ("Menu",) if width < 640 else ("Machine groups", "Colours"):
        expect(portal.get_by_role("button", name=name).first).to_be_visible()
