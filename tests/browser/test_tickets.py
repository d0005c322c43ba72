"""A request goes to the queue of IT and back, and a ticket system is set up, in a real browser."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from core.models import User
from inventory.models import MachineGroup
from recommendations.models import Recommendation
from remediation import actions, outbox
from remediation.models import Activity, TicketConnection
from remediation.ticketing import builtin
from tests.browser.conftest import accessibility_faults
from tests.populations import Population, populate

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def made() -> Population:
    return populate(machines=14, software=8, weaknesses=3, checks=6, now=timezone.now().replace(microsecond=0) - dt.timedelta(minutes=1))


def ask(by: User, *systems: str) -> Activity:
    wanted = Recommendation.objects.filter(present=True, kind="update", stats__exposed__gt=1).first()
    assert wanted is not None
    groups = list(MachineGroup.objects.values_list("pk", flat=True))
    return actions.request_remediation(
        recommendation=wanted, group_ids=groups, priority="high", notes="At night.", systems=systems, by=by, now=timezone.now()
    )


def test_it_accepts_what_security_asks_for(made: Population, curator: User, curation: Page, live_server: LiveServer) -> None:
    activity = ask(curator, builtin.KEY)
    curation.goto(live_server.url)
    curation.get_by_role("link", name="IT queue").first.press("Enter")
    curation.get_by_role("link", name=activity.title).press("Enter")
    expect(curation.get_by_role("heading", name="What to do")).to_be_visible()
    assert accessibility_faults(curation) == []
    curation.get_by_label("Note", exact=False).fill("On Friday night.")
    curation.get_by_role("button", name="Accept").press("Enter")
    expect(curation.get_by_role("button", name="Complete task")).to_be_visible()
    expect(curation.get_by_text("On Friday night.")).to_be_visible()
    curation.get_by_role("button", name="Assign to me").press("Enter")
    curation.get_by_role("link", name="Open it").press("Enter")
    section = curation.locator("#tickets")
    expect(section.get_by_text("Accepted (IT queue)")).to_be_visible()
    section.get_by_text("Write a note to IT").press("Enter")
    section.get_by_label("Note").fill("Thank you.")
    section.get_by_role("button", name="Send note").press("Enter")
    expect(section.get_by_text("Thank you.")).to_be_visible()
    assert accessibility_faults(curation) == []
    curation.get_by_role("link", name="IT queue").first.click()
    curation.get_by_label(f"Choose {activity.title}").check()
    expect(curation.get_by_text("1 chosen")).to_be_visible()
    curation.get_by_role("button", name="Complete").press("Enter")
    curation.get_by_role("link", name="Completed 1").press("Enter")
    expect(curation.get_by_role("link", name=activity.title)).to_be_visible()
    assert accessibility_faults(curation) == []


def test_a_webhook_is_set_up_and_a_failed_delivery_sent_again(
    made: Population, curator: User, curation: Page, live_server: LiveServer
) -> None:
    curation.goto(f"{live_server.url}/settings/advanced-features/")
    switch = curation.get_by_role("switch", name="Webhook")
    expect(switch).not_to_be_checked()
    switch.press("Enter")
    expect(curation.get_by_text("Webhook stays off.", exact=False)).to_be_visible()
    curation.get_by_label("Address").fill("http://127.0.0.1:9/")
    curation.get_by_role("button", name="Save", exact=True).press("Enter")
    expect(curation.get_by_role("link", name="Address: Only https://", exact=False)).to_be_visible()
    curation.get_by_label("Inside the own network").check()
    curation.get_by_role("button", name="Save", exact=True).press("Enter")
    curation.get_by_role("button", name="Make: Signing secret").press("Enter")
    expect(curation.get_by_text("whsec_", exact=False).first).to_be_visible()
    assert accessibility_faults(curation) == []
    curation.get_by_role("button", name="Test connection").press("Enter")
    expect(curation.get_by_text("Nothing answers at the address", exact=False).first).to_be_visible()
    curation.get_by_role("switch", name="Webhook").press("Enter")
    expect(curation.get_by_role("switch", name="Webhook")).to_be_checked()
    activity = ask(curator, "webhook")
    outbox.deliver_due(clock=timezone.now)
    curation.goto(f"{live_server.url}/settings/deliveries/")
    curation.get_by_role("button", name=f"Send now: Open the ticket, {activity.title}").press("Enter")
    expect(curation.get_by_text("1 delivery is being sent.")).to_be_visible()
    assert accessibility_faults(curation) == []
    assert TicketConnection.objects.get().enabled
