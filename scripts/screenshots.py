"""Pictures of every page into docs/screenshots: light and dark, wide and narrow; the main ones in more widths and in forced colours.

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
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright

from scripts.pictured_pages import FORCED, MAIN, PAGES

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "docs" / "screenshots"
SIZES = {"wide": (1440, 900), "narrow": (390, 844), "tablet": (768, 1024), "large": (1920, 1080)}
EVERYWHERE = ("wide", "narrow")
THEMES = ("light", "dark")


@dataclass(frozen=True)
class Look:
    """A theme (or forced colours) at a size, and the pages that are taken so."""

    theme: str
    size: str
    pages: tuple[str, ...]


def looks(names: Iterable[str]) -> list[Look]:
    """How the named pages are taken: all wide and narrow, the main ones at every size; forced colours where they matter most."""
    wanted = set(names)
    main, forced = (tuple(name for name in some if name in wanted) for some in (MAIN, FORCED))
    every = [Look(theme, size, tuple(names) if size in EVERYWHERE else main) for theme in THEMES for size in SIZES]
    return [look for look in (*every, Look("forced", "wide", forced)) if look.pages]


@dataclass(frozen=True)
class Portal:
    url: str
    user: str
    password: str


def main() -> int:
    names = sys.argv[1:] or list(PAGES)
    unknown = set(names) - set(PAGES)
    if unknown:
        print(f"No page is called {', '.join(sorted(unknown))}; there are {', '.join(PAGES)}.", file=sys.stderr)
        return 2
    FOLDER.mkdir(parents=True, exist_ok=True)
    with running_portal() as portal, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"] if os.geteuid() == 0 else [])
        failed = [picture for look in looks(names) for picture in _take(browser, portal, look)]
        browser.close()
    print("\n".join(failed), file=sys.stderr)
    return 1 if failed else 0


def _take(browser: Browser, portal: Portal, look: Look) -> list[str]:
    """Take the pages of one look; returns what could not be taken and why."""
    failed = []
    width, height = SIZES[look.size]
    context = browser.new_context(
        base_url=portal.url,
        viewport={"width": width, "height": height},
        color_scheme="light" if look.theme == "light" else "dark",
        forced_colors="active" if look.theme == "forced" else "none",
        reduced_motion="reduce",
        timezone_id="UTC",
    )
    page = context.new_page()
    sign_in(page, portal)
    for name in look.pages:
        picture = f"{name}-{look.size}-{look.theme}.png"
        try:
            PAGES[name](page)
            _settle(page)
            page.screenshot(path=FOLDER / picture)
            print(picture, flush=True)
        except Exception as error:  # noqa: BLE001  one page must not cost the others
            failed.append(f"{picture}: {str(error).splitlines()[0]}")
    context.close()
    return failed


def sign_in(page: Page, portal: Portal) -> None:
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
def running_portal() -> Iterator[Portal]:
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


def chromium() -> str | None:
    """None: the one that Playwright has itself."""
    return os.environ.get("PORTAL_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")


if __name__ == "__main__":
    sys.exit(main())
