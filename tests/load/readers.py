"""Signed-in people who read pages over connections that stay open, and what each answer took."""

from __future__ import annotations

import http.client
import random
import re
import threading
import time
import urllib.parse
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
MOST_VISITORS = 64
SIGN_IN_AGAIN = 302
# Kind of page -> addresses; {machine} and the like are filled in with what the lists show.
PAGES = {
    "dashboard": ("/",),
    "list": (
        "/recommendations/",
        "/software/",
        "/weaknesses/",
        "/machines/",
        "/remediation/",
        "/remediation/exceptions/",
    ),
    "list, narrowed": (
        "/recommendations/?sort=-exposed",
        "/recommendations/?kind=update",
        "/machines/?level=3",
        "/machines/?q={word}",
        "/software/?q={word}",
        "/weaknesses/?severity=4",
    ),
    "flyout": ("/recommendations/{recommendation}/", "/software/{software}/", "/weaknesses/{weakness}/"),
    "machine": ("/machines/{machine}/", "/machines/{machine}/?tab=software"),
    "machines of a recommendation": ("/recommendations/{recommendation}/exposed/",),
}
SHARES = {"dashboard": 2, "list": 3, "list, narrowed": 3, "flyout": 5, "machine": 2, "machines of a recommendation": 1}
EXPORTS = ("/recommendations/export.csv", "/machines/export.csv", "/software/export.csv")
NAMED = {
    "machine": ("/machines/", r'"/machines/(\d+)/'),
    "recommendation": ("/recommendations/", r'"/recommendations/((?:va|sca)-_-[^/"]+)/'),
    "software": ("/software/", r'"/software/([^/"]+-_-[^/"]+)/'),
    "weakness": ("/weaknesses/", r'"/weaknesses/([A-Z]+-[^/"]+)/'),
}
FRAGMENT = {"HX-Request": "true", "HX-Target": "flyout"}


class NotSignedIn(RuntimeError):
    """The portal refused the name or the password."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One page: its kind, when it was asked for (time.monotonic), seconds to the last byte, status (0: none), bytes."""

    kind: str
    path: str
    at: float
    seconds: float
    status: int
    size: int


@dataclass
class Browser:
    """One person's connection and cookies. Not for several threads."""

    portal: str
    timeout: float = 30.0
    cookies: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        parts = urlsplit(self.portal)
        if parts.hostname not in LOOPBACK:
            raise ValueError("only a portal on this machine is put under load")
        self._connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=self.timeout)

    def sign_in(self, name: str, password: str) -> None:
        """Raises NotSignedIn, OSError and HTTPException."""
        _, page = self.ask("GET", "/sign-in/")
        token = re.search(rb'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        fields = {"csrfmiddlewaretoken": token[1].decode() if token else "", "username": name, "password": password}
        status, _ = self.ask("POST", "/sign-in/", urllib.parse.urlencode(fields).encode(), {"Referer": f"{self.portal}/sign-in/"})
        if status != 302:
            raise NotSignedIn(f"signing in as {name} was answered with {status}")

    def ask(self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> tuple[int, bytes]:
        """Status and body. Raises OSError and HTTPException, after which the next one opens a new connection."""
        sent = {"Cookie": "; ".join(f"{name}={text}" for name, text in self.cookies.items()), **(headers or {})}
        if body is not None:
            sent["Content-Type"] = "application/x-www-form-urlencoded"
        try:
            self._connection.request(method, path, body, sent)
            answer = self._connection.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException):
            self._connection.close()
            raise
        for cookie in answer.headers.get_all("Set-Cookie") or ():
            name, _, text = cookie.partition(";")[0].partition("=")
            self.cookies[name] = text
        return answer.status, content

    def read(self, kind: str, path: str, *, fragment: bool = False) -> Answer:
        """The account of one page; status 0 where there was no answer."""
        began = time.monotonic()
        try:
            status, content = self.ask("GET", path, headers=FRAGMENT if fragment else None)
        except (OSError, http.client.HTTPException):
            status, content = 0, b""
        return Answer(kind, path, began, time.monotonic() - began, status, len(content))

    def close(self) -> None:
        self._connection.close()


@dataclass
class Visitors:
    """`number` people who each read one page after the other with a pause of about `pause` seconds, until told to stop."""

    portal: str
    number: int
    name: str
    password: str
    seed: int = 1
    pause: float = 0.5
    exports: bool = False
    answers: list[Answer] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)
    _known: dict[str, Sequence[str]] = field(default_factory=dict)
    _cookies: dict[str, str] = field(default_factory=dict)

    def start(self) -> None:
        """Looks for things to open first, and signs in for all: one sign-in is made slow on purpose. Raises NotSignedIn."""
        if not 0 < self.number <= MOST_VISITORS:
            raise ValueError(f"1 to {MOST_VISITORS} visitors")
        first = Browser(self.portal)
        first.sign_in(self.name, self.password)
        self._known = known(first)
        self._cookies = first.cookies
        first.close()
        self._threads = [threading.Thread(target=self._read, args=(number,), daemon=True) for number in range(self.number)]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _read(self, number: int) -> None:
        chance = random.Random(self.seed * 1000 + number)
        browser = Browser(self.portal, cookies=dict(self._cookies))
        while not self._stop.wait(chance.uniform(0, 2 * self.pause)):
            kind, path = self._choose(chance)
            answer = browser.read(kind, path, fragment=kind == "flyout")
            self.answers.append(answer)
            if answer.status == SIGN_IN_AGAIN:
                _signed_in(browser, self.name, self.password)
        browser.close()

    def _choose(self, chance: random.Random) -> tuple[str, str]:
        if self.exports and chance.random() < 0.05:
            return "export", chance.choice(EXPORTS)
        kind = chance.choices(tuple(SHARES), tuple(SHARES.values()))[0]
        return kind, fill(chance.choice(PAGES[kind]), self._known, chance.choice)


def known(browser: Browser) -> dict[str, Sequence[str]]:
    """What the first pages of the lists name: what -> its names in addresses."""
    found: dict[str, Sequence[str]] = {"word": ("a", "load", "ssl")}
    for what, (path, pattern) in NAMED.items():
        _, page = browser.ask("GET", path)
        found[what] = sorted({name.decode() for name in re.compile(pattern.encode()).findall(page)})
    return found


def fill(path: str, found: dict[str, Sequence[str]], choose: Callable[[Sequence[str]], str]) -> str:
    """An address with something that is known in each of its places; the dashboard's where nothing is."""
    for what in re.findall(r"\{(\w+)\}", path):
        if not found.get(what):
            return "/"
        path = path.replace(f"{{{what}}}", choose(found[what]))
    return path


def _signed_in(browser: Browser, name: str, password: str) -> bool:
    try:
        browser.sign_in(name, password)
    except (NotSignedIn, OSError, http.client.HTTPException):
        return False
    return True


def quantile(numbers: Sequence[float], share: float) -> float:
    """0 where there are none."""
    ordered = sorted(numbers)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0


def table(answers: Sequence[Answer]) -> str:
    """Markdown: answers by kind of page, milliseconds at p50 and p95, and those without a page."""
    lines = ["| Page | Answers | p50, ms | p95, ms | Slowest, ms | No page |", "|---|---:|---:|---:|---:|---:|"]
    kinds = {answer.kind: None for answer in answers}
    for kind in [*sorted(kinds), "all"]:
        chosen = [answer for answer in answers if kind in ("all", answer.kind)]
        times = [1000 * answer.seconds for answer in chosen if answer.status == 200]
        missing = len(chosen) - len(times)
        middle, late = quantile(times, 0.5), quantile(times, 0.95)
        lines.append(f"| {kind} | {len(chosen):,} | {middle:,.0f} | {late:,.0f} | {max(times, default=0):,.0f} | {missing} |")
    return "\n".join(lines)
