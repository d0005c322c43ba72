"""When a page is first painted, measured in a browser: the median of several loads with an empty cache.

    .venv/bin/python -m scripts.first_paint [--loads 5] [ADDRESS...]

Starts a portal with the demo fleet, or uses the one at BASE_URL (SCREENSHOT_USER, SCREENSHOT_PASSWORD), like `scripts.screenshots`.
"""

from __future__ import annotations

import argparse
import os
import statistics

from playwright.sync_api import Browser, StorageState, sync_playwright

from scripts.screenshots import Portal, chromium, running_portal, sign_in

ADDRESSES = ("/", "/recommendations/", "/software/", "/machines/", "/weaknesses/", "/timeline/")
PAINT = """() => new Promise((done) => {
  new PerformanceObserver((list) => {
    const first = list.getEntriesByName("first-contentful-paint")[0];
    if (first) done(first.startTime);
  }).observe({ type: "paint", buffered: true });
})"""


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("addresses", nargs="*", default=ADDRESSES)
    options.add_argument("--loads", type=int, default=5)
    chosen = options.parse_args()
    with running_portal() as portal, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"] if os.geteuid() == 0 else [])
        context = browser.new_context(base_url=portal.url)
        sign_in(context.new_page(), portal)
        state = context.storage_state()
        print("| Page | Answer, ms | First paint, ms | Slowest, ms |\n|---|---:|---:|---:|")
        for address in chosen.addresses:
            answers, paints = zip(*(_load(browser, portal, state, address) for _ in range(chosen.loads)), strict=True)
            print(f"| `{address}` | {statistics.median(answers):.0f} | {statistics.median(paints):.0f} | {max(paints):.0f} |", flush=True)
        browser.close()


def _load(browser: Browser, portal: Portal, state: StorageState, address: str) -> tuple[float, float]:
    """(until the last byte of HTML, until the first contentful paint) in milliseconds, of a browser that has seen nothing."""
    context = browser.new_context(base_url=portal.url, viewport={"width": 1440, "height": 900}, storage_state=state)
    page = context.new_page()
    page.goto(address)
    paint = float(page.evaluate(PAINT))
    answer = float(page.evaluate("performance.getEntriesByType('navigation')[0].responseEnd"))
    context.close()
    return answer, paint


if __name__ == "__main__":
    main()
