"""A real Chromium against a live server: signed-in pages that are watched for errors and outside requests."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from playwright.sync_api import ConsoleMessage, Page, Request, expect
from pytest_django.live_server_helper import LiveServer

from core.models import User
from tests.conftest import PASSWORD

expect.set_options(timeout=10_000)
HERE = Path(__file__).parent
MAC_CHROME = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
QUIET = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.browser)


def chromium() -> str | None:
    """The browser of this machine: PORTAL_CHROMIUM, Debian's, Chrome, or the one of macOS."""
    found = os.environ.get("PORTAL_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    return found or (MAC_CHROME if Path(MAC_CHROME).exists() else None)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    program = chromium()
    if program is None:
        if os.environ.get("CI"):
            pytest.fail("no Chromium: browser tests are never left out in continuous integration")
        pytest.skip("no Chromium on this machine: install it, or set PORTAL_CHROMIUM")
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    return {**browser_type_launch_args, "executable_path": program, "args": [*QUIET, *sandbox]}


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    return {**browser_context_args, "viewport": {"width": 1440, "height": 900}, "reduced_motion": "reduce", "timezone_id": "UTC"}


@pytest.fixture
def watched(page: Page, live_server: LiveServer) -> Iterator[Page]:
    """A page whose test fails where the console shows an error or anything but the portal is asked for."""
    complaints: list[str] = []

    def look(request: Request) -> None:
        if not request.url.startswith((live_server.url, "data:", "blob:", "about:")):
            complaints.append(f"asked for {request.url}")

    page.on("request", look)
    page.on("pageerror", lambda error: complaints.append(f"script error: {error}"))
    page.on("console", lambda message: complaints.append(f"console: {message.text}") if _is_complaint(message) else None)
    yield page
    assert not complaints


def _is_complaint(message: ConsoleMessage) -> bool:
    """Chromium also reports the 422 of an invalid form, which is how the portal answers one; and htmx a request that was under way
    when the page was left, as two events. Requests that fail otherwise have events of their own.
    """
    left = message.text.startswith(("htmx:sendAbort,", "htmx:afterRequest,"))
    return message.type in {"error", "warning"} and "status of 422" not in message.text and not left


@pytest.fixture
def portal(watched: Page, live_server: LiveServer, viewer: User) -> Page:
    """Signed in as a viewer through the form, on the page that follows."""
    return sign_in(watched, live_server.url, viewer)


@pytest.fixture
def curation(watched: Page, live_server: LiveServer, superuser: User) -> Page:
    """Signed in as a superuser."""
    return sign_in(watched, live_server.url, superuser)


def sign_in(page: Page, address: str, user: User) -> Page:
    page.goto(f"{address}{reverse('login')}")
    page.get_by_label("User name").fill(user.username)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda url: reverse("login") not in url)
    return page


def settle(page: Page) -> Page:
    """Wait until HTMX has no request under way and has swapped what it got."""
    expect(page.locator(".htmx-request, .htmx-swapping, .htmx-settling")).to_have_count(0)  # no script: the page allows none from outside
    return page


def accessibility_faults(page: Page) -> list[str]:
    """What axe finds on the page as it is, one line each."""
    found = Axe().run(page).response["violations"]
    return [f"{fault['id']}: {fault['help']} ({node['html'][:120]})" for fault in found for node in fault["nodes"]]
