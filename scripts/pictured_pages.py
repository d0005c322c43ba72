"""The pages that `scripts.screenshots` takes: a name and the way there. A new page is a line of PAGES."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page


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


def _tab(way: Callable[[Page], None], tab: str) -> Callable[[Page], None]:
    def go(page: Page) -> None:
        way(page)
        page.goto(f"{page.url.partition('?')[0]}?tab={tab}")

    return go


def _below_row(end: str) -> Callable[[Page], None]:
    def go(page: Page) -> None:
        _open_row(page)
        page.goto(page.url + end)

    return go


def _role(page: Page) -> None:
    page.goto("/settings/roles/")
    page.goto(_first_link(page, "/settings/roles/"))


def _what_if(page: Page) -> None:
    page.goto("/recommendations/?pick=all")
    picks = page.url.partition("pick=")[2].partition("&")[0].replace("%2C", ",").split(",")[:3]
    page.goto(f"/recommendations/what-if/?pick={','.join(picks)}")


def _activity(page: Page) -> None:
    page.goto("/remediation/?status=any")
    page.locator("#results tbody a.name").first.click()


def _first_row(address: str) -> Callable[[Page], None]:
    """The flyout of a list's first row."""

    def go(page: Page) -> None:
        page.goto(address)
        page.locator('main tbody[hx-target="#flyout"] a.name').first.click()
        page.locator("dialog[open]").wait_for()

    return go


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
    "gallery": _at("/gallery/"),
    "software-versions": _tab(_software, "versions"),
    "machine-configuration": _tab(_machine, "configuration"),
    "exposed-machines": _below_row("exposed/"),
    "weaknesses-addressed": _below_row("weaknesses/"),
    "password": _at("/account/password/"),
    "what-if": _what_if,
    "request-remediation": _below_row("remediation/"),
    "remediation": _at("/remediation/"),
    "time-to-fix": _at("/remediation/time-to-fix/"),
    "activity": _activity,
    "queue": _at("/remediation/queue/"),
    "deliveries": _at("/settings/deliveries/"),
    "advanced-features": _at("/settings/advanced-features/"),
    "connection": _at("/settings/advanced-features/webhook/"),
    "request-exception": _below_row("exception/"),
    "exceptions": _first_row("/remediation/exceptions/?status=any"),
    "exception-settings": _at("/settings/exceptions/"),
    "inaccuracy": _below_row("inaccuracy/"),
    "inaccuracies": _at("/settings/inaccuracies/"),
    "corrections": _at("/inaccuracies/"),
    "notification-rules": _at("/settings/notifications/"),
    "notification-rule-new": _at("/settings/notifications/new/"),
    "notification-mails": _at("/settings/notifications/mails/"),
    "weakness-flyout": _first_row("/weaknesses/"),
    "event": _first_row("/timeline/"),
    "vulnerable-machines": _at("/reports/vulnerable-machines/"),
    "settings": _at("/settings/"),
    "groups": _at("/settings/groups/"),
    "group-new": _at("/settings/groups/new/"),
    "roles": _at("/settings/roles/"),
    "role": _role,
    "users": _at("/settings/roles/users/"),
    "audit-log": _at("/settings/audit/"),
    "search": _at("/search/?q=chrome"),
    "notifications": _at("/notifications/"),
    "help": _at("/help/"),
    "account": _at("/account/"),
}
# Also taken at the widths between and beyond, and in forced colours.
MAIN = ("dashboard", "recommendations", "recommendation-flyout")
FORCED = ("dashboard", "recommendations")
