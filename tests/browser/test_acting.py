"""Acting on a recommendation from its flyout: asking IT for it, and saying that something is not right."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from recommendations.models import InaccuracyReport
from remediation.models import Activity
from tests.browser.conftest import accessibility_faults, settle
from tests.populations import Population, populate

pytestmark = pytest.mark.django_db(transaction=True)
TITLE = "Update Google Chrome to 1.3.1"


@pytest.fixture
def made() -> Population:
    return populate(machines=14, software=8, weaknesses=3, checks=6, now=timezone.now().replace(microsecond=0) - dt.timedelta(minutes=1))


def opened(page: Page, live_server: LiveServer) -> Page:
    page.goto(f"{live_server.url}/recommendations/")
    page.get_by_role("link", name=TITLE).first.click()
    expect(page.get_by_role("dialog", name=TITLE)).to_be_visible()
    return settle(page)


def test_a_fix_is_asked_for_in_the_flyout_and_followed(made: Population, curation: Page, live_server: LiveServer) -> None:
    opened(curation, live_server)
    curation.get_by_role("link", name="Request remediation").press("Enter")
    flyout = curation.get_by_role("dialog", name="Request remediation")
    expect(flyout.get_by_text("when it is done there")).to_be_visible()
    reach = flyout.locator("#reach b").first.inner_text()
    flyout.locator("input[name=groups]").first.uncheck()
    expect(flyout.locator("#reach b").first).not_to_have_text(reach)
    flyout.locator("input[name=groups]").first.check()
    expect(flyout.locator("#reach b").first).to_have_text(reach)
    flyout.get_by_label("High").check()
    flyout.get_by_label("Due date", exact=False).fill("2020-01-01")
    flyout.get_by_role("button", name="Submit request").press("Enter")
    expect(flyout.get_by_role("link", name="Due date: Choose today or a later day.")).to_be_visible()
    assert accessibility_faults(curation) == []
    flyout.get_by_label("Due date", exact=False).fill((timezone.now().date() + dt.timedelta(days=7)).isoformat())
    flyout.get_by_role("button", name="Submit request").press("Enter")
    expect(curation.get_by_text("The activity exists.")).to_be_visible()
    curation.get_by_role("link", name="Open the activity").click()
    activity = Activity.objects.get()
    assert (activity.priority, f"{activity.target_count} machines") == ("high", reach)
    expect(curation.get_by_text(f"0 of {activity.target_count} machines done")).to_be_visible()
    assert accessibility_faults(curation) == []
    curation.get_by_role("link", name="View related recommendation").click()
    expect(curation.get_by_role("link", name="Requested", exact=False).first).to_be_visible()


def test_a_reader_says_that_something_is_not_right(made: Population, portal: Page, live_server: LiveServer) -> None:
    opened(portal, live_server)
    expect(portal.get_by_role("link", name="Request remediation")).to_have_count(0)
    portal.get_by_role("link", name="Report inaccuracy").press("Enter")
    flyout = portal.get_by_role("dialog", name="Report an inaccuracy")
    expect(flyout.get_by_label("What it should say", exact=False)).to_be_hidden()
    flyout.get_by_label("What is not right").select_option(label="The number of machines is wrong")
    flyout.get_by_label("What it should say", exact=False).fill("12")
    assert accessibility_faults(portal) == []
    flyout.get_by_role("button", name="Submit").press("Enter")
    portal.get_by_role("link", name="Back to it").click()
    expect(portal.get_by_role("dialog", name=TITLE)).to_be_visible()
    report = InaccuracyReport.objects.get()
    assert (report.category, report.right_value, str(report.subject)) == ("count", "12", TITLE)
