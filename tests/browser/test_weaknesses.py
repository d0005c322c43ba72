"""From a weakness, or from an event, to what is to be done about it; by keyboard, with Back, and without JavaScript."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from inventory.models import Software
from tests import worlds
from tests.browser.conftest import accessibility_faults, settle
from weaknesses.models import EpssDay, Event, Weakness

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def organisation(portal: Page) -> Page:
    """A small one, with an event of its Chrome."""
    worlds.fleet(machines=24)
    chrome = Software.objects.get(key="google-_-chrome")
    found = list(Weakness.objects.filter(matches__version__software=chrome).distinct().order_by("pk"))
    Event.objects.create(
        kind="exploited",
        at=worlds.NOW,
        software=chrome,
        weakness_ids=[w.pk for w in found],
        machines=9,
        machines_total=24,
        score_change=1.4,
    )
    EpssDay.objects.create(cve=found[0].cve, day=worlds.NOW.date(), score=0.02, percentile=0.4)
    return portal


def test_from_a_weakness_to_its_recommendation_and_back(organisation: Page, live_server: LiveServer) -> None:
    page = organisation
    page.goto(f"{live_server.url}/weaknesses/")
    page.get_by_role("searchbox", name="Search weaknesses").fill("chrome")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"\?q=chrome$"))
    settle(page)
    names = page.locator("tbody a.name").all_inner_texts()
    page.get_by_role("link", name=names[0], exact=True).click()
    expect(page.get_by_role("dialog", name=names[0])).to_be_visible()
    expect(page).to_have_url(re.compile(rf"\?q=chrome&open={names[0]}$"))
    expect(page.get_by_role("link", name="Close")).to_be_focused()
    page.get_by_role("link", name="Next weakness").click()
    expect(page.get_by_role("dialog", name=names[1])).to_be_visible()
    expect(page.get_by_text(f"2 of {len(names)}")).to_be_visible()
    assert accessibility_faults(page) == []
    page.get_by_role("link", name="Go to recommendation").click()
    expect(page.get_by_role("dialog", name="Update Google Chrome to 146.0.7680.71")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("dialog", name=names[1])).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#flyout")).to_be_hidden()
    expect(page).to_have_url(re.compile(r"/weaknesses/\?q=chrome$"))
    expect(page.get_by_role("link", name=names[1], exact=True)).to_be_focused()


def test_from_an_event_to_its_recommendation_and_back(organisation: Page, live_server: LiveServer) -> None:
    page = organisation
    page.goto(f"{live_server.url}/timeline/?from=2026-03-01&to=2026-03-31")
    expect(page.locator("#results [data-chart]")).to_have_attribute("data-drawn", "1")
    assert accessibility_faults(page) == []
    sentence = re.compile("in Google Chrome are exploited in the wild")
    page.get_by_role("link", name=sentence).click()
    flyout = page.get_by_role("dialog", name=sentence)
    expect(flyout).to_be_visible()
    expect(page).to_have_url(re.compile(r"[?&]open=\d+"))
    assert accessibility_faults(page) == []
    page.go_back()
    expect(page.locator("#flyout")).to_be_hidden()
    page.go_forward()
    expect(flyout).to_be_visible()
    page.get_by_role("link", name="Go to related security recommendation").click()
    expect(page.get_by_role("dialog", name="Update Google Chrome to 146.0.7680.71")).to_be_visible()


@pytest.mark.parametrize("width", [320, 768])
def test_no_page_scrolls_sideways(organisation: Page, live_server: LiveServer, width: int) -> None:
    page, cve, event = organisation, EpssDay.objects.get().cve, Event.objects.get().pk
    page.set_viewport_size({"width": width, "height": 800})
    days = "from=2026-03-01&to=2026-03-31"
    for address in (
        *("/weaknesses/?present=any", f"/weaknesses/?open={cve}", f"/weaknesses/{cve}/", f"/weaknesses/{cve}/machines/"),
        *(f"/timeline/?{days}", f"/timeline/?{days}&open={event}", f"/timeline/{event}/"),
    ):
        page.goto(f"{live_server.url}{address}")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, address


def test_lists_and_flyouts_are_pages_without_javascript(organisation: Page, live_server: LiveServer) -> None:
    cve, event = EpssDay.objects.get().cve, Event.objects.get().pk
    context = organisation.context.browser.new_context(java_script_enabled=False, storage_state=organisation.context.storage_state())  # type: ignore[union-attr]
    page = context.new_page()
    page.goto(f"{live_server.url}/weaknesses/?open={cve}")
    expect(page.get_by_role("heading", name=cve)).to_be_visible()
    page.get_by_role("link", name="Close").click()
    page.get_by_role("link", name=cve, exact=True).click()
    expect(page).to_have_url(f"{live_server.url}/weaknesses/{cve}/")
    page.goto(f"{live_server.url}/timeline/?from=2026-03-01&to=2026-03-31&open={event}")
    page.get_by_role("link", name="Close").click()
    page.get_by_role("link", name=re.compile("are exploited in the wild")).click()
    expect(page).to_have_url(f"{live_server.url}/timeline/{event}/")
    context.close()
