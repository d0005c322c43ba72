"""From a critical CVE to a fixed machine, through every part that runs: the portal's own command with its workers and schedule, agents
that report over HTTP, a mail server, and a ticket system on the other side.
"""

from __future__ import annotations

import json
import re
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.fakes.graph_server import GraphServer
from tests.fakes.jira_server import JiraServer
from tests.fakes.server import FakeServer
from tests.integration.inventory.reports import WINDOWS, log, programs
from tests.mail_server import MailServer, mail_server, text_of
from tests.portals import PASSWORD, Portal, free_port
from tests.unit.weaknesses.feed_samples import metric, nvd_file, nvd_record

KNOWN, CVE = "CVE-2025-90000", "CVE-2026-90001"  # the fleet has a past: what is there from the first day on is no news
NEWS = re.compile(rf"Google Chrome has 1 new weakness|{CVE}")
MACHINE = "PC-0001"
BEFORE, AFTER = "200.0.1", "200.0.5"
MAILBOX = "security@contoso.example"
CHROME = {"vulnerable": True, "criteria": "cpe:2.3:a:google:chrome:*:*:*:*:*:*:*:*", "versionEndExcluding": AFTER}
HOLDS_CHROME = [{"nodes": [{"operator": "OR", "negate": False, "cpeMatch": [CHROME]}]}]


@dataclass
class OtherSide:
    """A ticket system: how it is set up in the portal, and what its people do. `ticket`: its id there, once it is made."""

    system: str
    label: str
    server: FakeServer
    values: dict[str, str]
    ticket: Callable[[], str | None]
    accept: Callable[[str, str], None]
    tells_machine: Callable[[str], bool]
    heard_of_the_end: Callable[[str], bool]
    choices: dict[str, str] = field(default_factory=dict)


def graph(server: GraphServer) -> OtherSide:
    server.add_device(MACHINE)
    return OtherSide(
        system="intune",
        label="Microsoft Intune",
        server=server,
        values={
            "tenant": server.tenant,
            "client": server.client,
            "secret": server.secret,
            "gateway": server.address,
            "login": server.address,
        },
        ticket=lambda: next(iter(server.tasks), None),
        accept=server.accept,
        tells_machine=lambda task: MACHINE in json.dumps(server.tasks[task]),
        heard_of_the_end=lambda task: "completed" in server.tasks[task]["creatorNotes"].lower(),
    )


def jira(server: JiraServer) -> OtherSide:
    return OtherSide(
        system="jira",
        label="Jira",
        server=server,
        values={"address": server.address, "mail": server.mail, "token": server.token, "project": server.project},
        ticket=lambda: next(iter(server.issues), None),
        accept=server.accept,
        tells_machine=lambda key: MACHINE in json.dumps(server.issues[key]),
        heard_of_the_end=lambda key: "completed" in json.dumps(server.issues[key]).lower(),
    )


@pytest.fixture
def letters() -> Iterator[MailServer]:
    with mail_server() as server:
        yield server


@pytest.fixture
def site(tmp_path: Path, letters: MailServer) -> Iterator[Portal]:
    port = free_port()
    settings = {
        "EMAIL_URL": f"smtp://127.0.0.1:{letters.port}",
        "EMAIL_FROM": "portal@contoso.example",
        "PUBLIC_URL": f"http://localhost:{port}",
    }
    running = Portal(tmp_path / "data", port, **settings)
    try:
        running.wait_until_ready()
        yield running
    finally:
        running.close()
        running.wait_until_nothing_is_left()


@pytest.mark.timeout(600)
@pytest.mark.parametrize(("server", "meet"), [(GraphServer, graph), (JiraServer, jira)], ids=["intune", "jira"])
def test_from_a_critical_weakness_to_a_fixed_machine(
    server: Callable[[], FakeServer], meet: Callable[[Any], OtherSide], site: Portal, letters: MailServer, page: Page, tmp_path: Path
) -> None:
    with server() as running:
        there = meet(running)
        token = site.manage("create_token", "agents").strip().splitlines()[-1]
        _report(site, token, BEFORE)
        _publish(site, tmp_path / "feeds", KNOWN)
        _sign_in(page, site)
        _ask_to_be_told(page, site)
        _connect(page, site, there)

        _publish(site, tmp_path / "feeds", KNOWN, CVE)
        mail = _until("a mail", lambda: next(iter(letters.to(MAILBOX)), None))
        assert CVE in text_of(mail)
        _follow_the_mail(page, text_of(mail), site)
        _look_at_the_bell(page, site)

        activity = _request(page, site, there)
        ticket = _until("a ticket", there.ticket)
        assert there.tells_machine(ticket)
        there.accept(ticket, "We roll it out tonight.")
        _until("the answer with the ticket", lambda: "Ask for its state" in _content(page, activity))
        page.get_by_role("button", name="Ask for its state").click()
        _until("the word of the other side", lambda: "We roll it out tonight." in _content(page, activity))
        expect(page.get_by_text(f"Accepted ({there.label})").first).to_be_visible()
        expect(page.get_by_text("0 of 1").first).to_be_visible()

        _report(site, token, AFTER)
        _until("the end of the activity", lambda: "System confirmation" in _content(page, activity))
        expect(page.get_by_text("1 of 1").first).to_be_visible()
        _until("word of the end", lambda: there.heard_of_the_end(ticket))
        assert there.ticket() == ticket
        page.goto(f"{_home(site)}/weaknesses/?q={CVE}")
        expect(page.get_by_text("No weakness matches")).to_be_visible()


def _home(portal: Portal) -> str:
    return f"http://localhost:{portal.port}"


def _until(what: str, look: Callable[[], Any], seconds: float = 150) -> Any:
    """What `look` finds at last: the schedule of the real portal decides when."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := look():
            return found
        time.sleep(1)
    raise AssertionError(f"{what} did not come within {seconds:.0f} s")


def _content(page: Page, address: str) -> str:
    page.goto(address)
    return page.content()


def _report(portal: Portal, token: str, chrome: str) -> None:
    """The agent of the machine says what is installed."""
    body = log(WINDOWS, programs(("Google Chrome", chrome)), host=MACHINE, name=MACHINE)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    request = urllib.request.Request(f"http://127.0.0.1:{portal.port}/api/ingest/osquery", body, headers)
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=60) as answer:
        assert json.load(answer)["machines"] == 1


def _publish(portal: Portal, folder: Path, *cves: str) -> None:
    """The feed holds these now: the new one critical and of today, the others of moderate severity and of last year."""
    folder.mkdir(exist_ok=True)
    now = time.strftime("%Y-%m-%dT%H:%M:%S.000", time.gmtime())
    records = [
        nvd_record(
            cve,
            published=now if cve == CVE else "2025-05-02T10:00:00.000",
            lastModified=now,
            configurations=HOLDS_CHROME,
            metrics={"cvssMetricV31": [metric("Primary", 9.8, "CRITICAL") if cve == CVE else metric("Primary", 5.1, "MEDIUM")]},
        )
        for cve in cves
    ]
    (folder / "nvdcve-2.0-2026.json").write_bytes(nvd_file(*records, timestamp=now))
    portal.manage("sync_feeds", "nvd", "--from", str(folder))


def _sign_in(page: Page, portal: Portal) -> None:
    page.goto(f"{_home(portal)}/sign-in/")
    page.get_by_label("User name").fill("admin")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda url: "sign-in" not in url)


def _ask_to_be_told(page: Page, portal: Portal) -> None:
    page.goto(f"{_home(portal)}/settings/notifications/new/")
    page.get_by_label("Name", exact=True).fill("Critical weaknesses")
    page.get_by_label("New weakness", exact=True).check()
    page.get_by_label("All, also those of the future").check()
    page.get_by_label("E-mail addresses").fill(MAILBOX)
    page.get_by_role("button", name="Save rule").last.click()
    page.wait_for_url(re.compile(r"/settings/notifications/$"))


def _connect(page: Page, portal: Portal, there: OtherSide) -> None:
    page.goto(f"{_home(portal)}/settings/advanced-features/{there.system}/")
    for name, value in there.values.items():
        page.locator(f"[name={name}]").fill(value)
    page.locator("[name=allow_private]").check()
    page.get_by_role("button", name="Save and test").click()
    findings = page.locator(".findings li")
    expect(findings.first).to_be_visible()
    assert "late" not in " ".join(findings.evaluate_all("found => found.map((one) => one.innerHTML)")), findings.all_inner_texts()
    page.get_by_role("switch", name=there.label).click()
    expect(page.get_by_role("switch", name=there.label)).to_have_attribute("aria-checked", "true")


def _follow_the_mail(page: Page, text: str, portal: Portal) -> None:
    """Its link leads to the list it speaks of."""
    links = [link for link in re.findall(r"https?://\S+", text) if "?" in link]
    assert links, text
    assert links[0].startswith(_home(portal))
    page.goto(links[0])
    expect(page.get_by_role("link", name=NEWS).first).to_be_visible()


def _look_at_the_bell(page: Page, portal: Portal) -> None:
    page.goto(f"{_home(portal)}/notifications/")
    expect(page.get_by_role("link", name=NEWS).first).to_be_visible()


def _request(page: Page, portal: Portal, there: OtherSide) -> str:
    """Ask for the fix from the list's flyout, with a ticket; the address of the activity."""
    page.goto(f"{_home(portal)}/recommendations/")
    page.get_by_role("link", name=re.compile("Update Google Chrome|Update Chrome")).first.click()
    flyout = page.locator("#flyout")
    flyout.get_by_role("link", name="Request remediation").click()
    flyout.get_by_label(f"Open a ticket in {there.label}").check()
    flyout.get_by_role("button", name="Submit request").click()
    flyout.get_by_role("link", name="Open the activity").click()
    page.wait_for_url(re.compile(r"/remediation/[0-9a-f-]{36}/"))
    return page.url
