"""An administrator lets somebody in, for some machines; they choose a password and see these alone."""

from __future__ import annotations

import re

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from tests.browser.conftest import accessibility_faults, settle
from tests.populations import Population, populate

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def made() -> Population:
    return populate(now=timezone.now())


@pytest.fixture
def reached(settings: Settings, live_server: LiveServer) -> None:
    """Links lead to the server of the test."""
    settings.PUBLIC_URL = live_server.url


@pytest.mark.usefixtures("reached")
def test_somebody_is_let_in_for_some_machines(made: Population, curation: Page, live_server: LiveServer, browser: Browser) -> None:
    page, group = curation, made.groups[1]
    page.goto(f"{live_server.url}/settings/")
    page.get_by_role("link", name="Roles and users").click()
    page.get_by_role("link", name="Users").click()
    page.get_by_role("link", name="Add user").click()
    page.get_by_label("Name to sign in with").fill("ann")
    page.get_by_role("button", name="Add user").click()
    expect(page.get_by_text("ann sees nothing yet")).to_be_visible()

    page.get_by_label("Role", exact=True).select_option("Viewer")
    page.get_by_label("Only these machine groups").check()
    page.locator("main").get_by_label(group.name).check()
    page.get_by_role("button", name="Give role").click()
    expect(page.get_by_role("status").filter(has_text="ann holds Viewer now")).to_be_visible()
    assert accessibility_faults(page) == []
    page.get_by_role("button", name="Make a link").click()
    link = page.locator(".link-shown code").inner_text()

    other = browser.new_context().new_page()
    other.goto(link)
    for label in ("New password", "New password confirmation"):
        other.get_by_label(label, exact=True).fill("a-long-one-5d1c")
    other.get_by_role("button", name="Set password").click()
    other.get_by_label("User name").fill("ann")
    other.get_by_label("Password").fill("a-long-one-5d1c")
    other.get_by_role("button", name="Sign in").click()
    other.goto(f"{live_server.url}/machines/")
    expect(other.get_by_role("button", name="Machine groups")).to_contain_text("1 of 1")
    outside = next(machine for machine in made.machines if machine.group_id != group.pk)
    assert other.goto(f"{live_server.url}/machines/{outside.pk}/").status == 404  # type: ignore[union-attr]

    page.goto(f"{live_server.url}/settings/audit/")
    expect(page.get_by_role("table")).to_contain_text("Role give")
    page.get_by_label("Person", exact=True).fill("ann")
    page.get_by_role("button", name="Show").click()
    settle(page)
    expect(page).to_have_url(re.compile("person=ann"))
    expect(page.get_by_role("table")).to_contain_text("User choose password")
    expect(page.get_by_role("table")).not_to_contain_text("Role give")
    assert accessibility_faults(page) == []
    other.context.close()
