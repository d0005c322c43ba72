"""Pictures of the main pages into docs/screenshots: light and dark, wide and narrow.

    .venv/bin/python -m scripts.screenshots [NAME...]

Starts a portal with the demo fleet in a folder of its own, or uses the one at BASE_URL
(SCREENSHOT_USER, SCREENSHOT_PASSWORD). Names choose pages; without any, all are taken.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "docs" / "screenshots"
SIZES = {"wide": (1440, 900), "narrow": (390, 844)}
THEMES = ("light", "dark")


@dataclass(frozen=True)
class Portal:
    url: str
    user: str
    password: str


def _first_link(page: Page, start: str) -> str:
    """The first link on the page to something below `start`."""
    return str(page.locator(f'main a[href^="{start}"]:not([href$=".csv"])').first.get_attribute("href"))


def _open_row(page: Page) -> None:
    page.goto("/recommendations/")
    page.goto(_first_link(page, "/recommendations/va-").partition("?")[0])


def _flyout(page: Page) -> None:
    page.goto("/recommendations/")
    page.locator('main tbody[hx-target="#flyout"] a').first.click()
    page.locator("dialog[open]").wait_for()


def _software(page: Page) -> None:
    _open_row(page)
    page.goto(_first_link(page, "/software/").partition("?")[0])


def _machine(page: Page) -> None:
    _open_row(page)
    page.goto(_first_link(page, "/machines/").partition("?")[0])


def _weakness(page: Page) -> None:
    _open_row(page)
    page.goto(_first_link(page, "/weaknesses/").partition("?")[0])


def _why(page: Page) -> None:
    _weakness(page)
    page.goto(str(page.locator('main a[href*="/why/"]').first.get_attribute("href")))


def _updates(page: Page) -> None:
    """A Windows machine's missing updates, as far as the demo's intelligence names any."""
    page.goto("/machines/?q=ws-")
    page.goto(_first_link(page, "/machines/").partition("?")[0] + "?tab=updates")


def _feed(page: Page) -> None:
    page.goto("/settings/feeds/msrc/")


def _at(address: str) -> Callable[[Page], None]:
    def go(page: Page) -> None:
        page.goto(address)

    return go


PAGES: dict[str, Callable[[Page], None]] = {
    "dashboard": _at("/"),
    "recommendations": _at("/recommendations/"),
    "recommendation-flyout": _flyout,
    "recommendation": _open_row,
    "software": _software,
    "machine": _machine,
    "weakness": _weakness,
    "why": _why,
    "machine-updates": _updates,
    "overrides": _at("/settings/overrides/"),
    "feed": _feed,
    "software-list": _at("/software/"),
    "machines": _at("/machines/"),
    "weaknesses": _at("/weaknesses/"),
    "timeline": _at("/timeline/"),
    "feeds": _at("/settings/feeds/"),
    "scoring": _at("/scoring/"),
}


def main() -> int:
    names = sys.argv[1:] or list(PAGES)
    unknown = set(names) - set(PAGES)
    if unknown:
        print(f"No page is called {', '.join(sorted(unknown))}; there are {', '.join(PAGES)}.", file=sys.stderr)
        return 2
    FOLDER.mkdir(parents=True, exist_ok=True)
    with _portal() as portal, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_chromium(), args=["--no-sandbox"] if os.geteuid() == 0 else [])
        failed = [picture for theme in THEMES for size in SIZES for picture in _take(browser, portal, names, theme, size)]
        browser.close()
    print("\n".join(failed), file=sys.stderr)
    return 1 if failed else 0


def _take(browser: Browser, portal: Portal, names: list[str], theme: str, size: str) -> list[str]:
    """Take the pages of one theme and size; returns what could not be taken and why."""
    failed = []
    width, height = SIZES[size]
    context = browser.new_context(
        base_url=portal.url,
        viewport={"width": width, "height": height},
        color_scheme="dark" if theme == "dark" else "light",
        reduced_motion="reduce",
        timezone_id="UTC",
    )
    page = context.new_page()
    _sign_in(page, portal)
    for name in names:
        try:
            PAGES[name](page)
            _settle(page)
            page.screenshot(path=FOLDER / f"{name}-{size}-{theme}.png")
            print(f"{name}-{size}-{theme}.png", flush=True)
        except Exception as error:  # noqa: BLE001  one page must not cost the others
            failed.append(f"{name} ({size}, {theme}): {str(error).splitlines()[0]}")
    context.close()
    return failed


def _sign_in(page: Page, portal: Portal) -> None:
    page.goto("/sign-in/")
    page.get_by_label("User name").fill(portal.user)
    page.get_by_label("Password").fill(portal.password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda url: "sign-in" not in url)


def _settle(page: Page) -> None:
    """HTMX has nothing under way, every chart is drawn, every font is there."""
    page.wait_for_load_state("networkidle")
    expect(page.locator(".htmx-request, .htmx-swapping, .htmx-settling, [data-chart]:not([data-drawn])")).to_have_count(0)
    page.evaluate("document.fonts.ready")


@contextlib.contextmanager
def _portal() -> Iterator[Portal]:
    """The running one that the environment names, or one with a demo fleet for as long as this takes."""
    if address := os.environ.get("BASE_URL"):
        yield Portal(address.rstrip("/"), os.environ.get("SCREENSHOT_USER", "admin"), os.environ["SCREENSHOT_PASSWORD"])
        return
    password = secrets.token_urlsafe(12)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "PORTAL_DATA": folder, "PORT": str(port), "PORTAL_ADMIN_PASSWORD": password, "PORTAL_DEMO": "yes"}
        process = subprocess.Popen([sys.executable, str(ROOT / "manage.py"), "portal"], env=environment, stdout=subprocess.PIPE, text=True)
        try:
            assert process.stdout
            for line in process.stdout:
                print(line, end="", flush=True)
                if "is ready" in line:
                    break
            else:
                sys.exit(process.wait() or 1)
            yield Portal(f"http://127.0.0.1:{port}", "admin", password)
        finally:
            process.terminate()
            process.wait(60)


def _chromium() -> str | None:
    """None: the one that Playwright has itself."""
    return os.environ.get("PORTAL_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")


if __name__ == "__main__":
    sys.exit(main())
