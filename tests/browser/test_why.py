"""A curator finds out why a weakness matched, sets it aside, sees it gone, takes that back, and sees it again."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from inventory.models import Finding
from tests.browser.conftest import accessibility_faults, settle
from tests.populations import Population, populate

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> Population:
    """A small fleet whose scores stay as they are: there is no worker."""
    monkeypatch.setattr("weaknesses.actions.current_app.send_task", lambda _, **__: None)
    made = populate(machines=9, software=3, weaknesses=2, checks=3, now=timezone.now().replace(microsecond=0) - dt.timedelta(minutes=1))
    Finding.objects.create(
        machine=made.machines[0], version=made.versions[3], weakness=made.weaknesses[2].cve, source="trivy", first_seen=timezone.now()
    )
    return made


def rows(page: Page) -> Any:
    return page.get_by_role("region", name="Affected versions").locator("tbody tr")


def test_see_why_set_it_aside_see_it_gone_undo_see_it_back(made: Population, curation: Page, live_server: LiveServer) -> None:
    weakness = made.weaknesses[0]
    curation.goto(f"{live_server.url}/weaknesses/{weakness.cve}/")
    expect(rows(curation)).to_have_count(1)
    why = curation.get_by_role("link", name="Why Google Chrome 1.2.0")
    why.press("Enter")
    flyout = curation.get_by_role("dialog", name=f"{weakness.cve} and Google Chrome 1.2.0")
    expect(flyout.get_by_text("According to NVD, versions before 1.3.1 are affected")).to_be_visible()
    expect(flyout.get_by_role("img", name=re.compile("before 1.3.1 affected"))).to_be_visible()
    assert accessibility_faults(curation) == []
    flyout.locator("summary", has_text="Not this version").click()
    button = flyout.get_by_role("button", name="Not this version")
    flyout.get_by_role("textbox", name="Reason").and_(flyout.locator(":visible")).fill(" ")
    button.click()
    expect(flyout.get_by_text("Say why, so that the next curator understands it.")).to_be_visible()
    flyout.get_by_role("textbox", name="Reason").and_(flyout.locator(":visible")).fill("Built without the feature")
    flyout.get_by_role("button", name="Not this version").click()
    expect(flyout.get_by_text("Not this version: noted. 1 match went, in 1 version")).to_be_visible()
    expect(flyout.get_by_text("Not affected.")).to_be_visible()
    assert accessibility_faults(curation) == []
    expect(rows(curation)).to_have_count(0)
    flyout.get_by_role("button", name="Undo").first.click()
    expect(flyout.get_by_text("What the sources say holds again.")).to_be_visible()
    curation.keyboard.press("Escape")
    expect(curation.locator("#flyout")).to_be_hidden()
    expect(rows(curation)).to_have_count(1)
    expect(curation.get_by_role("link", name="Why Google Chrome 1.2.0")).to_be_focused()


@pytest.mark.parametrize(("scheme", "width"), [("light", 1440), ("dark", 390)])
def test_the_pages_are_accessible_and_fit(scheme: str, width: int, made: Population, curation: Page, live_server: LiveServer) -> None:
    curation.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    curation.set_viewport_size({"width": width, "height": 900})
    old, new, machine = made.versions[0].pk, made.versions[1].pk, made.machines[0].pk
    cve = made.weaknesses[0].cve
    for path in (
        f"/weaknesses/{cve}/why/?version={old}",
        f"/weaknesses/{cve}/why/?version={new}",
        f"/weaknesses/{cve}/why/?machine={machine}",
        f"/weaknesses/{made.weaknesses[2].cve}/",
        f"/machines/{machine}/?tab=opinions",
        f"/machines/{machine}/?tab=vulnerabilities",
        f"/software/{made.software[0].key}/?tab=vulnerabilities",
        "/settings/overrides/",
    ):
        curation.goto(f"{live_server.url}{path}")
        settle(curation)
        assert accessibility_faults(curation) == [], path
        assert curation.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0, path


def test_overriding_and_undoing_work_without_javascript(made: Population, curation: Page, live_server: LiveServer) -> None:
    browser = curation.context.browser
    assert browser is not None
    context = browser.new_context(java_script_enabled=False, storage_state=curation.context.storage_state())
    page = context.new_page()
    page.goto(f"{live_server.url}/weaknesses/{made.weaknesses[0].cve}/")
    page.get_by_role("link", name="Why Google Chrome 1.2.0").click()
    page.locator("summary", has_text="Ignore this range").click()
    page.get_by_role("textbox", name="Reason").and_(page.locator(":visible")).fill("The vendor says otherwise")
    page.get_by_role("button", name="Ignore this range").click()
    expect(page.get_by_text("1 match went, in 1 version").first).to_be_visible()
    page.goto(f"{live_server.url}/settings/overrides/")
    expect(page.get_by_role("cell", name="The vendor says otherwise", exact=True)).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("What the feeds say holds again: 1 match changed.")).to_be_visible()
    context.close()
