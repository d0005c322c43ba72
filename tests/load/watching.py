"""People who look at pages while agents report, and a machine whose reports are followed to the list of recommendations."""

from __future__ import annotations

import http.cookiejar
import json
import re
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass, field

from tests.portals import PASSWORD

PAGES = ("/", "/recommendations/", "/machines/", "/software/", "/weaknesses/")
PROBE_SOFTWARE, PROBE_VERSION = "Google Chrome", "100.0.4896.60"
PATIENCE = 120.0  # seconds a change may take to be seen
_EXPOSED = re.compile(r'<span class="exposed"><span title="([\d\s.,\u00a0\u202f]+) of')


class Visitor:
    """A signed-in user. Raises OSError where the portal does not let it in."""

    def __init__(self, portal: str, *, name: str = "admin", password: str = PASSWORD) -> None:
        self.portal = portal
        jar = http.cookiejar.CookieJar()
        self._browser = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(jar))
        form = self._browser.open(f"{portal}/sign-in/", timeout=60).read().decode()
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', form)
        if token is None:
            raise OSError("there is no form to sign in with")
        fields = {"csrfmiddlewaretoken": token[1], "username": name, "password": password, "next": "/healthz"}
        address = f"{portal}/sign-in/"
        self._browser.open(
            urllib.request.Request(address, urllib.parse.urlencode(fields).encode(), {"Referer": address}), timeout=60
        ).read()

    def page(self, path: str) -> tuple[int, str, float]:
        """Status (0: no answer), text and seconds."""
        began = time.monotonic()
        try:
            answer = self._browser.open(f"{self.portal}{path}", timeout=60)
            status, text = answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            status, text = error.code, ""
        except OSError:
            status, text = 0, ""
        return status, text, time.monotonic() - began


@dataclass(slots=True)
class Watch:
    """What visitors saw: page -> seconds, statuses of pages that failed, and seconds from a changed report to the changed list."""

    pages: dict[str, list[float]] = field(default_factory=dict)
    failed: list[int] = field(default_factory=list)
    changes: list[float] = field(default_factory=list)
    unseen: int = 0

    def visit(self, portal: str, *, stop: threading.Event, pause: float = 0.5) -> None:
        """Look at one page after the other until `stop`."""
        visitor = Visitor(portal)
        while True:
            for path in PAGES:
                if stop.is_set():
                    return
                status, _, seconds = visitor.page(path)
                self.pages.setdefault(path, []).append(seconds)
                if status != 200:
                    self.failed.append(status)
                stop.wait(pause)

    def follow(self, portal: str, token: str, *, stop: threading.Event, pause: float = 1.0) -> None:
        """Report a machine with a vulnerable program, then without it, and so on; see when the list shows it."""
        visitor, has_it = Visitor(portal), False
        while not stop.is_set():
            before = exposed(visitor)
            has_it = not has_it
            if not _report_probe(portal, token, has_it=has_it, stop=stop):
                return
            began = time.monotonic()
            while exposed(visitor) == before:
                if time.monotonic() > began + PATIENCE:
                    self.unseen += 1
                    break
                time.sleep(0.2)
            else:
                self.changes.append(time.monotonic() - began)
            stop.wait(pause)


def exposed(visitor: Visitor) -> str:
    """The exposed machines of the probe's software, as the list of recommendations prints them; "" where it is not listed."""
    text = visitor.page(f"/recommendations/?{urllib.parse.urlencode({'q': PROBE_SOFTWARE})}")[1]
    found = _EXPOSED.search(text)
    return found[1] if found else ""


def _report_probe(portal: str, token: str, *, has_it: bool, stop: threading.Event) -> bool:
    """Send it until it is taken; False where `stop` came first."""
    programs = [{"name": "7-Zip", "version": "24.08", "publisher": "Igor Pavlov"}]
    if has_it:
        programs.append({"name": PROBE_SOFTWARE, "version": PROBE_VERSION, "publisher": "Google LLC"})
    computer = {"name": "load-probe", "os": "Microsoft Windows 11 Pro", "version": "10.0.22631", "build": "10.0.22631.3880"}
    body = json.dumps({"computer": computer, "programs": programs, "hotfixes": []}).encode()
    request = urllib.request.Request(f"{portal}/api/ingest/windows", body, {"Authorization": f"Bearer {token}"})
    browser = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while not stop.is_set():
        try:
            browser.open(request, timeout=60).read()
        except urllib.error.HTTPError as error:
            stop.wait(float(error.headers.get("Retry-After") or 1))
        except OSError:
            stop.wait(1)
        else:
            return True
    return False
