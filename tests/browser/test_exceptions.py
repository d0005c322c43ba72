"""Excepting a recommendation from its flyout, seeing what it does, and ending it."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from exceptions.models import RiskException
from recommendations.actions import recompute
from recommendations.models import Recommendation, Run
from tests.browser.conftest import accessibility_faults, settle
from tests.populations import populate

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def wanted() -> Recommendation:
    """The first of the list, with figures computed from the fleet."""
    now = timezone.now().replace(microsecond=0) - dt.timedelta(minutes=1)
    populate(machines=14, software=8, weaknesses=3, checks=6, now=now)
    Run.objects.all().delete()
    recompute(now=now, afresh=True)
    found = Recommendation.objects.filter(present=True, kind="update", stats__exposed__gt=1).order_by("title").first()
    assert found is not None
    return found


def test_a_recommendation_is_excepted_and_comes_back(wanted: Recommendation, curation: Page, live_server: LiveServer) -> None:
    curation.goto(f"{live_server.url}/recommendations/?open={wanted.key}")
    settle(curation)
    curation.get_by_role("dialog").get_by_role("link", name="Exception options").press("Enter")
    flyout = curation.get_by_role("dialog", name="Exception options")
    flyout.get_by_role("radio", name="Compensating/alternate control").check()
    expect(flyout.locator("#reach")).to_contain_text("no longer count what is covered")
    flyout.get_by_role("button", name="Submit").press("Enter")
    expect(flyout.get_by_role("link", name="Say in a sentence why")).to_be_visible()
    flyout.get_by_role("checkbox", name="All groups").uncheck()
    expect(flyout.get_by_text("0 selected")).to_be_visible()
    expect(flyout.locator("#reach")).to_contain_text("Choose at least one machine group.")
    flyout.get_by_role("radio", name="All machines, now and in future").check()
    expect(flyout.locator("#reach")).to_contain_text("Hides the recommendation from the list")
    flyout.get_by_label("Justification context").fill("A firewall blocks it.")
    assert accessibility_faults(curation) == []
    flyout.get_by_role("button", name="Submit").press("Enter")
    expect(curation.get_by_text("is excepted until")).to_be_visible()
    curation.get_by_role("link", name="Open the exception").click()
    expect(curation.get_by_text("A firewall blocks it.").first).to_be_visible()
    assert accessibility_faults(settle(curation)) == []
    curation.goto(f"{live_server.url}/remediation/exceptions/")
    curation.get_by_role("link", name=wanted.title).click()
    details = curation.get_by_role("dialog", name=wanted.title)
    expect(details.get_by_text("Machine group exception details")).to_be_visible()
    assert accessibility_faults(settle(curation)) == []
    details.get_by_role("button", name="Cancel exception", exact=True).press("Enter")
    expect(curation.get_by_text("Cancelled: everything counts as before.")).to_be_visible()
    assert RiskException.objects.get().status == "cancelled"
    wanted.refresh_from_db()
    assert wanted.status == "active"
