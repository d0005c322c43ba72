"""Signing in and out, by keyboard, in light and dark."""

from __future__ import annotations

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from core.models import User
from tests.browser.conftest import accessibility_faults


@pytest.mark.django_db(transaction=True)
def test_a_visitor_signs_in_by_keyboard(watched: Page, live_server: LiveServer, viewer: User) -> None:
    watched.goto(f"{live_server.url}{reverse('password_change')}")
    expect(watched.get_by_label("User name")).to_be_focused()
    watched.keyboard.type("viewer")
    watched.keyboard.press("Tab")
    watched.keyboard.type("only-in-tests-7f3a")
    watched.keyboard.press("Enter")
    watched.wait_for_url(f"**{reverse('password_change')}")


@pytest.mark.django_db(transaction=True)
def test_a_wrong_password_is_said(watched: Page, live_server: LiveServer, viewer: User) -> None:
    watched.goto(f"{live_server.url}{reverse('login')}")
    watched.get_by_label("User name").fill("viewer")
    watched.get_by_label("Password").fill("not it")
    watched.get_by_role("button", name="Sign in").click()
    expect(watched.get_by_role("alert")).to_be_visible()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_is_accessible(watched: Page, live_server: LiveServer, scheme: str) -> None:
    watched.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    watched.goto(f"{live_server.url}{reverse('login')}")
    assert accessibility_faults(watched) == []
