"""Every page is held to the same bar: accessible, fitting, usable by keyboard and without scripts, light in weight.

A page is loaded once and looked at in every way; what is wrong anywhere is told together.
"""

from __future__ import annotations

import datetime as dt
import functools
import gzip
import re
from collections import defaultdict
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from tests.browser.conftest import accessibility_faults, settle
from tests.browser.page_table import PAGES, Listed, address
from tests.integration.pages import LARGEST
from tests.populations import Population, populate

pytestmark = pytest.mark.django_db(transaction=True)

CHECKS = (Path(__file__).parent / "page_checks.js").read_text()
WIDTHS = (320, 768, 1280, 1920)
MOST_SCRIPT = 250_000  # bytes, compressed, where no chart is drawn
PARTS = 4  # so that workers share the pages
CONTRAST = {"runOnly": {"type": "rule", "values": ["color-contrast"]}, "resultTypes": ["violations"]}
Faults = dict[str, list[str]]


@pytest.fixture
def made() -> Population:
    return populate(machines=14, software=8, weaknesses=3, checks=6, now=timezone.now().replace(microsecond=0) - dt.timedelta(minutes=1))


@pytest.mark.parametrize("part", range(PARTS))
def test_every_page_meets_the_bar(part: int, made: Population, curation: Page, live_server: LiveServer) -> None:
    faults: dict[str, Faults] = {}
    places: dict[str, str] = {}
    for listed in [page for page in PAGES if page.signed_in][part::PARTS]:
        path = address(listed, made)
        if found := _look_at(curation, f"{live_server.url}{path}", listed):
            faults[path] = found
        if where := _place_of_help(curation):
            places[path] = where
    assert faults == {}
    assert len(set(places.values())) == 1, f"help stands in several places: {places}"


def test_pages_before_signing_in_meet_the_bar(watched: Page, live_server: LiveServer) -> None:
    pages = [page for page in PAGES if not page.signed_in]
    faults = {page.route: _look_at(watched, f"{live_server.url}/{page.route}{page.query}", page) for page in pages}
    assert {route: found for route, found in faults.items() if found} == {}


def _look_at(page: Page, url: str, listed: Listed) -> Faults:
    """What is wrong with a page, by check."""
    faults: defaultdict[str, list[str]] = defaultdict(list)
    page.set_viewport_size({"width": 1440, "height": 900})
    page.emulate_media(color_scheme="light", forced_colors="none")
    faults["weight"] = _load(page, url, listed)
    for check in ("targets", "sorting", "charts", "announcing", "forms", "passwords"):
        faults[check] = page.evaluate(CHECKS, check)
    faults["axe"] = accessibility_faults(page)
    page.emulate_media(color_scheme="dark")
    faults["axe, dark"] = _contrast_faults(page)
    page.emulate_media(color_scheme="light", forced_colors="active")
    faults["axe, forced colours"] = _contrast_faults(page)
    page.emulate_media(forced_colors="none")
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 600})
        over = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if over > 0:
            faults["width"].append(f"{over} px wider than {width}")
        if width in (320, 1280):
            faults[f"focus at {width}"] = page.evaluate(CHECKS, "focus")
    page.set_viewport_size({"width": 1440, "height": 900})
    return {check: found for check, found in faults.items() if found}


def _load(page: Page, url: str, listed: Listed) -> list[str]:
    """Opens a page; returns what weighs too much."""
    answer = page.goto(url)
    assert answer is not None
    assert answer.status == 200, url
    settle(page)
    page.wait_for_load_state("networkidle")
    expect(page.locator("[data-chart]:not([data-drawn])")).to_have_count(0)
    faults = []
    size = len(answer.body())
    if size > LARGEST:
        faults.append(f"{size:,} bytes of HTML")
    if not listed.charts:
        scripts: list[str] = page.evaluate("[...document.scripts].map(script => script.src).filter(Boolean)")
        weight = sum(_weight(page, script) for script in scripts)
        if weight > MOST_SCRIPT or any("plotly" in script for script in scripts):
            faults.append(f"{weight:,} bytes of script: {scripts}")
    return faults


@functools.cache
def _weight(page: Page, script: str) -> int:
    """Bytes of a script as they travel."""
    return len(gzip.compress(page.request.get(script).body()))


def _contrast_faults(page: Page) -> list[str]:
    found = Axe().run(page, options=CONTRAST).response["violations"]
    return [f"{fault['help']} ({node['html'][:120]})" for fault in found for node in fault["nodes"]]


def _place_of_help(page: Page) -> str:
    """Where the way to help stands in the bar on top; empty where the page has none."""
    box = page.locator(".topbar a:has(use[href='#i-help']), .topbar button:has(use[href='#i-help'])").locator("visible=true").first
    where = box.bounding_box()
    return f"{where['x']:.0f}, {where['y']:.0f}" if where else ""


def test_tab_walks_through_the_frame_and_is_always_seen(made: Population, portal: Page, live_server: LiveServer) -> None:
    portal.goto(f"{live_server.url}/recommendations/")
    settle(portal)
    seen = []
    for _ in range(30):
        portal.keyboard.press("Tab")
        focused = portal.locator("*:focus")
        expect(focused).to_be_in_viewport()
        seen.append(focused.evaluate("e => getComputedStyle(e).outlineStyle !== 'none' || e.closest('.search') !== null"))
    assert all(seen)
    portal.reload()
    portal.keyboard.press("Tab")
    expect(portal.get_by_role("link", name="Skip to content")).to_be_focused()
    portal.keyboard.press("Enter")
    expect(portal.locator("#main")).to_be_focused()


def test_without_javascript_a_list_is_filtered_sorted_paged_and_opened(made: Population, portal: Page, live_server: LiveServer) -> None:
    browser = portal.context.browser
    assert browser is not None
    context = browser.new_context(java_script_enabled=False, storage_state=portal.context.storage_state(), base_url=live_server.url)
    page = context.new_page()
    page.goto("/recommendations/?per_page=30")
    page.get_by_role("button", name="Filters").click()
    page.get_by_label("Software update").check()
    page.locator("#filters").get_by_role("button", name="Apply").click()
    expect(page).to_have_url(re.compile(r"kind=update"))
    page.get_by_role("columnheader", name="Weaknesses").get_by_role("link").click()
    expect(page).to_have_url(re.compile(r"kind=update.*sort=-?weaknesses"))
    expect(page.get_by_role("columnheader", name="Weaknesses")).to_have_attribute("aria-sort", re.compile("ending"))
    page.get_by_role("searchbox", name="Search recommendations", exact=True).fill("chrome")
    page.get_by_role("searchbox", name="Search recommendations", exact=True).press("Enter")
    expect(page.locator("#results tbody tr")).to_have_count(1)
    page.get_by_role("link", name="Update Google Chrome to 1.3.1").click()
    expect(page.get_by_role("heading", level=1, name="Update Google Chrome to 1.3.1")).to_be_visible()
    page.goto("/machines/?per_page=30")
    page.get_by_label("Rows", exact=True).select_option("50")
    page.get_by_role("button", name="Show").click()
    expect(page).to_have_url(re.compile(r"per_page=50"))
    page.goto("/")
    expect(page.locator(".plot").first).to_be_hidden()
    page.get_by_text("View as table").first.click()
    expect(page.get_by_role("table", name="Exposure score by day")).to_be_visible()
    context.close()


def test_a_page_on_paper_is_a_report(made: Population, portal: Page, live_server: LiveServer) -> None:
    portal.emulate_media(color_scheme="dark")
    for path in ("/", "/recommendations/?kind=update", "/recommendations/?open=va-_-google-_-chrome"):
        portal.goto(f"{live_server.url}{path}")
        settle(portal)
        portal.wait_for_load_state("networkidle")
        portal.emulate_media(media="print")
        head = portal.locator(".print__head")
        expect(head).to_contain_text(f"{live_server.url}{path}")
        expect(head).to_contain_text("Machine groups: all 2")
        expect(head).to_contain_text("Data as of")
        assert portal.evaluate("getComputedStyle(document.body).color") == "rgb(0, 0, 0)"
        assert portal.evaluate("getComputedStyle(document.querySelector('.card, .tablewrap, dialog')).colorScheme").endswith("light")
        for tool in (".rail", ".topbar", ".toolbar__end", ".pager__end", ".fly__f"):
            assert portal.locator(tool).locator("visible=true").count() == 0, f"{tool} on {path}"
        scrolling = (
            "e => ['auto', 'scroll'].includes(getComputedStyle(e).overflowY) || ['auto', 'scroll'].includes(getComputedStyle(e).overflowX)"
        )
        regions = portal.locator(".tablewrap, .fly__b").locator("visible=true")
        assert not any(region.evaluate(scrolling) for region in regions.all()), path
        if "kind=" in path:
            expect(portal.get_by_text("Remediation type: Software update")).to_be_visible()
        paper = portal.pdf(prefer_css_page_size=True)
        assert paper.startswith(b"%PDF")
        assert 1 <= len(re.findall(rb"/Type */Page\b", paper)) <= 6, path
        portal.emulate_media(media="screen")
