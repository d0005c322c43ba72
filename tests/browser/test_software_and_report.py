"""Two journeys: through the tabs of a software to one version of it, and from a bar of the report to its machines."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from recommendations import actions, risks
from tests.browser.conftest import accessibility_faults, settle
from tests.populations import Population, populate

pytestmark = pytest.mark.django_db(transaction=True)
REPORT = "/reports/vulnerable-machines/"


@pytest.fixture
def made() -> Population:
    now = timezone.now().replace(microsecond=0) - dt.timedelta(minutes=1)
    made = populate(machines=14, software=6, weaknesses=3, checks=2, now=now)
    actions.recompute(now=now)
    for back in range(5):
        risks.snapshot(day=now.date() - dt.timedelta(days=back))
    return made


def fits(page: Page) -> None:
    assert accessibility_faults(page) == []
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0


def tab(page: Page, name: str) -> None:
    page.get_by_role("navigation", name="Sections").get_by_role("link", name=name).click()


def test_from_a_software_over_its_severities_and_versions_to_a_machine(made: Population, portal: Page, live_server: LiveServer) -> None:
    portal.goto(f"{live_server.url}/software/?tag=untagged")
    portal.get_by_role("link", name="Google Chrome").click()
    expect(portal.locator("[data-chart='exposed-trend'][data-drawn]")).to_be_visible()
    fits(portal)
    portal.get_by_role("link", name="1 critical").click()
    expect(portal.get_by_text("1–1 of 1")).to_be_visible()
    tab(portal, "Version distribution")
    portal.get_by_role("link", name="1.2.0", exact=True).click()
    expect(portal.get_by_role("heading", level=1)).to_contain_text("1.2.0")
    fits(portal)
    tab(portal, "Discovered vulnerabilities")
    expect(portal.get_by_text("1–3 of 3")).to_be_visible()
    tab(portal, "Installed machines")
    portal.get_by_role("link", name=made.machines[0].name).click()
    expect(portal.get_by_role("heading", level=1, name=made.machines[0].name)).to_be_visible()


def test_from_the_report_over_a_bar_to_its_machines_and_their_file(made: Population, portal: Page, live_server: LiveServer) -> None:
    portal.goto(f"{live_server.url}{REPORT}")
    expect(portal.locator("[data-chart='trend-severity'][data-drawn] svg.main-svg").first).to_be_visible()
    fits(portal)
    portal.get_by_role("button", name="Filters").click()
    portal.get_by_role("group", name="OS platform").get_by_label("Windows").check()
    portal.get_by_role("button", name="Apply").click()
    settle(portal)
    expect(portal.get_by_role("link", name="Remove OS platform: Windows")).to_be_visible()
    bar = portal.get_by_role("table", name="Severity level today").get_by_role("row").filter(has_text="Critical").get_by_role("link")
    number = bar.inner_text()
    bar.click()
    expect(portal.get_by_role("heading", level=1, name="Machines of the report")).to_be_visible()
    expect(portal.get_by_text(f"1–{number} of {number}")).to_be_visible()
    fits(portal)
    with portal.expect_download() as file:
        portal.get_by_role("link", name="Export").click()
    assert len(file.value.path().read_text().splitlines()) == 1 + int(number)


def test_both_fit_a_narrow_dark_screen(made: Population, portal: Page, live_server: LiveServer) -> None:
    portal.emulate_media(color_scheme="dark")
    portal.set_viewport_size({"width": 360, "height": 800})
    for address in (REPORT, f"{REPORT}machines/", f"/software/{made.software[0].key}/", f"/software/{made.software[1].key}/?tab=machines"):
        portal.goto(f"{live_server.url}{address}")
        settle(portal)
        fits(portal)
