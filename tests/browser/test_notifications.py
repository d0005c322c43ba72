"""A notification rule in a real browser: made with its live preview by keyboard, tried, switched off, deleted and brought back."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from tests.browser.conftest import accessibility_faults
from tests.mail_server import mail_server
from tests.populations import Population, populate
from tvm_portal.models import NotificationRule
from tvm_portal.notifications import occurrences

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def made() -> Population:
    found = populate(machines=14, software=8, weaknesses=3, checks=6, now=timezone.now().replace(microsecond=0) - dt.timedelta(minutes=1))
    occurrences.collect(now=timezone.now())
    return found


def test_a_rule_is_made_tried_and_brought_back(made: Population, curation: Page, live_server: LiveServer) -> None:
    with mail_server() as server:
        curation.goto(f"{live_server.url}/settings/")
        curation.get_by_role("link", name="Notifications", exact=True).first.click()
        curation.get_by_role("link", name="Add rule").first.press("Enter")
        preview = curation.locator("#preview")
        expect(preview.get_by_text("This rule would have sent")).to_be_visible()
        expect(curation.get_by_label("Hour of digests")).to_be_hidden()
        curation.get_by_label("Once a day").check()
        expect(curation.get_by_label("Hour of digests")).to_be_visible()
        for _ in range(curation.locator("[name=kinds]:checked").count()):
            curation.locator("[name=kinds]:checked").first.uncheck()
        curation.get_by_label("Ticket failed or was rejected").check()
        expect(preview.get_by_text("would have sent no mail")).to_be_visible()
        curation.get_by_label("Exploited in the wild").check()
        curation.get_by_label("New weakness", exact=True).check()
        expect(preview.get_by_text("This rule would have sent")).to_be_visible()
        curation.get_by_role("button", name="Save rule").last.press("Enter")
        expect(curation.get_by_role("link", name="Name: Give the rule a name.")).to_be_visible()
        assert accessibility_faults(curation) == []
        curation.get_by_label("Name", exact=True).fill("Attacks")
        curation.get_by_label("E-mail addresses").fill("me@example.org")
        curation.get_by_label("Send it to").fill("me@example.org")
        curation.get_by_role("button", name="Send test mail").click()
        expect(curation.get_by_text("The test mail is sent.")).to_be_visible()
        assert server.recipients == ["me@example.org"]
        curation.get_by_role("button", name="Save rule").last.click()
    rule = curation.get_by_role("row", name="Attacks")
    expect(rule.get_by_text("Every day at 08:00, UTC")).to_be_visible()
    rule.get_by_role("button", name="Attacks: on").press("Enter")
    expect(rule.get_by_role("button", name="Attacks: on")).to_have_attribute("aria-pressed", "false")
    rule.get_by_role("button", name="Delete Attacks").click()
    curation.get_by_role("button", name="Undo").click()
    expect(rule).to_be_visible()
    assert not NotificationRule.objects.get().enabled
    assert accessibility_faults(curation) == []
