"""Machines in a real browser: a group made with its preview, two machines tagged at once, a value set by keyboard."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from inventory.models import Machine, MachineGroup
from tests.browser.conftest import accessibility_faults
from tests.populations import Population, populate

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def made() -> Population:
    return populate(machines=14, software=4, weaknesses=2, checks=4, now=timezone.now().replace(microsecond=0) - dt.timedelta(minutes=1))


def test_a_group_is_made_with_a_preview_and_stands_in_the_selector(made: Population, curation: Page, live_server: LiveServer) -> None:
    wanted = sum(machine.name.startswith("web-edge") for machine in made.machines)
    curation.goto(f"{live_server.url}/")
    curation.get_by_role("button", name="Machine groups").first.click()
    curation.get_by_role("link", name="Edit groups").click()
    curation.get_by_role("link", name="Add group").click()
    curation.get_by_label("Name", exact=True).fill("Edge")
    curation.get_by_label("Rank").select_option("1")
    curation.get_by_label("Text").fill("web-edge")
    preview = curation.get_by_role("region", name="What saving does")
    expect(preview.get_by_text("Machines match the rule")).to_be_visible()
    expect(preview.locator(".stat__v").first).to_have_text(str(wanted))
    assert not MachineGroup.objects.filter(name="Edge").exists()
    assert accessibility_faults(curation) == []
    curation.get_by_label("Text").press("Enter")
    expect(curation.get_by_text("Edge is saved.")).to_be_visible()
    assert accessibility_faults(curation) == []
    down = curation.get_by_role("button", name="Move Edge down")
    down.press("Enter")
    expect(curation.locator("tbody tr").nth(1)).to_contain_text("Edge")
    expect(curation.get_by_role("button", name="Move Edge down")).to_be_focused()
    curation.get_by_role("button", name="Machine groups").first.click()
    expect(curation.get_by_role("dialog", name="Machine groups").get_by_text("Edge")).to_be_visible()
    assert Machine.objects.filter(group__name="Edge").count() == wanted


def test_two_machines_are_tagged_at_once_and_that_is_taken_back(made: Population, curation: Page, live_server: LiveServer) -> None:
    first, second = made.machines[1], made.machines[2]
    curation.goto(f"{live_server.url}/machines/")
    curation.get_by_label(f"Choose {first.name}", exact=True).check()
    curation.get_by_label(f"Choose {second.name}", exact=True).press("Space")
    bar = curation.get_by_role("form", name="Change machines")
    expect(bar.get_by_text("2 chosen")).to_be_visible()
    assert accessibility_faults(curation) == []
    bar.get_by_label("Change").select_option(label="Add tag")
    bar.get_by_role("button", name="Continue").click()
    expect(curation.get_by_text("2 machines are chosen.")).to_be_visible()
    field = curation.get_by_label("Tag", exact=True)
    field.fill("a tag that is far too long to be one")
    field.press("Enter")
    expect(curation.get_by_text("shorten it by 6")).to_be_visible()
    assert accessibility_faults(curation) == []
    field.fill("pilot")
    field.press("Enter")
    expect(curation.get_by_text("Add tag: 2 machines changed.").first).to_be_visible()
    assert Machine.objects.filter(tags__contains=["pilot"]).count() == 2
    curation.get_by_role("link", name="pilot").first.click()
    expect(curation.locator("#results tbody tr")).to_have_count(2)
    curation.get_by_role("button", name="Undo").click()
    expect(curation.get_by_text("2 machines as before.")).to_be_visible()
    assert not Machine.objects.filter(tags__contains=["pilot"]).exists()


def test_a_value_is_set_by_keyboard(made: Population, curation: Page, live_server: LiveServer) -> None:
    machine = made.machines[1]
    curation.goto(f"{live_server.url}/machines/{machine.pk}/")
    curation.get_by_role("button", name="Device value").press("Enter")
    pane = curation.get_by_role("dialog", name="Device value")
    expect(pane.get_by_text("Counts 3×")).to_be_visible()
    assert accessibility_faults(curation) == []
    pane.get_by_role("radio", name="Normal").press("ArrowDown")
    expect(pane.get_by_role("radio", name="High")).to_be_checked()
    pane.get_by_role("radio", name="High").press("Enter")
    expect(curation.get_by_text("is changed. Its score follows within seconds.")).to_be_visible()
    assert Machine.objects.get(pk=machine.pk).value == Machine.Value.HIGH


@pytest.mark.parametrize(("scheme", "width"), [("light", 390), ("dark", 1280)])
def test_the_pages_are_accessible_and_fit(scheme: str, width: int, made: Population, curation: Page, live_server: LiveServer) -> None:
    curation.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    curation.set_viewport_size({"width": width, "height": 900})
    machine, group = made.machines[0].pk, made.groups[1].pk
    for path in (
        "/settings/",
        "/settings/groups/",
        f"/settings/groups/{group}/",
        f"/settings/groups/{group}/delete/",
        "/machines/",
        f"/machines/change/?what=value&machine={machine}",
        f"/machines/{machine}/",
        f"/machines/{machine}/?tab=software",
        f"/machines/{machine}/?tab=configuration",
    ):
        curation.goto(f"{live_server.url}{path}")
        assert accessibility_faults(curation) == [], path
        assert curation.locator("html").evaluate("page => page.scrollWidth <= page.clientWidth"), path
