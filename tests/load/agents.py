"""Simulated machines that report over HTTP, and remember what the portal said it had stored.

    agents = Agents(portal="http://127.0.0.1:8000", token=token, number=200, seed=1)
    agents.run(rate=50, seconds=60)         # as many reports a second as asked for, whatever becomes of them
    agents.settle(seconds=60)               # repeats what has no answer yet
    lost(agents, database_url)              # {} where the database holds the last acknowledged report of every machine

An agent sends one report at a time and repeats it until it is acknowledged, as real ones do: after 429 and 503 when
`Retry-After` says so, after anything else with growing pauses.
"""

from __future__ import annotations

import gzip
import heapq
import http.client
import ipaddress
import json
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import urlsplit

MOST_AGENTS, MOST_SECONDS, MOST_RATE = 20_000, 3_600.0, 1_000.0
CATALOGUE = 4_000  # names of packages; every machine has some of them
RELEASES = 40  # versions that one package goes through, from the newest back to the first
LONGEST_PAUSE = 30.0
IDLE_SECONDS = 5.0
LOOPBACK_NAMES = frozenset({"localhost"})


@dataclass(slots=True)
class Machine:
    """One simulated machine. `releases`: package -> release, as it is now; `stored`: as last acknowledged (None: never)."""

    name: str
    releases: dict[int, int]
    stored: dict[int, int] | None = None
    waiting: bool = False  # has sent a report that is not acknowledged
    changed: bool = False  # the report that waits differs from the last acknowledged one
    tries: int = 0

    def packages(self, releases: dict[int, int] | None) -> frozenset[tuple[str, str]]:
        """(package, version) as the portal stores them."""
        return frozenset((package_name(number), version(number, release)) for number, release in (releases or {}).items())


@dataclass(frozen=True, slots=True)
class Sent:
    """One post: when (seconds of time.monotonic), how long it took, its status (0: no answer), and what it was."""

    at: float
    seconds: float
    status: int
    changed: bool
    bytes: int


@dataclass(slots=True)
class Agents:
    """`number` machines of `packages` packages each. `changed`: share of reports with `upgraded` other packages.

    `threads` posts are under way at most. `compressed`: bodies are gzip. Good for one thread of the caller at a time.
    """

    portal: str
    token: str
    number: int
    packages: int = 500
    changed: float = 0.2
    upgraded: int = 10
    seed: int = 1
    threads: int = 32
    timeout: float = 30.0
    compressed: bool = False
    prefix: str = "load"
    sent: list[Sent] = field(default_factory=list)
    machines: list[Machine] = field(default_factory=list)
    _chance: random.Random = field(default_factory=random.Random)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _again: list[tuple[float, int]] = field(default_factory=list)
    _idle: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        host = urlsplit(self.portal).hostname or ""
        if host not in LOOPBACK_NAMES and not ipaddress.ip_address(host).is_loopback:
            raise ValueError("only a portal on this machine is put under load")
        if not (0 < self.number <= MOST_AGENTS and 0 < self.packages <= CATALOGUE):
            raise ValueError(f"1 to {MOST_AGENTS:,} agents of 1 to {CATALOGUE:,} packages")
        self._chance.seed(self.seed)
        for number in range(self.number):
            chosen = self._chance.sample(range(CATALOGUE), self.packages)
            self.machines.append(Machine(f"{self.prefix}-{number:06}", dict.fromkeys(sorted(chosen), 0)))
        self._idle = list(range(self.number))
        self._chance.shuffle(self._idle)

    # --- sending ---------------------------------------------------------------------------------------------------------

    def run(self, *, rate: float, seconds: float, stop: threading.Event | None = None) -> None:
        """Begin `rate` reports a second for that long. Repetitions of what was not acknowledged come on top. Ends early with `stop`."""
        if not (0 < rate <= MOST_RATE and 0 < seconds <= MOST_SECONDS):
            raise ValueError(f"at most {MOST_RATE:g} reports a second for {MOST_SECONDS:g} seconds")
        began = time.monotonic()
        taken = 0

        def next_one() -> tuple[int | None, float]:
            nonlocal taken
            now = time.monotonic()
            if now >= began + seconds or (stop is not None and stop.is_set()):
                return None, -1
            if self._again and self._again[0][0] <= now:
                return heapq.heappop(self._again)[1], 0
            if taken < (now - began) * rate:
                taken += 1
                if self._idle:
                    number = self._idle.pop(0)
                    self._begin(number)
                    return number, 0
            return None, 0.005

        self._work(next_one)

    def once(self, *, seconds: float = 120.0) -> None:
        """Every machine reports, all as soon as possible, and what is not acknowledged is repeated at most that long."""
        for number in list(self._idle):
            self._begin(number)
            heapq.heappush(self._again, (0.0, number))
        self._idle.clear()
        self.settle(seconds=seconds)

    def settle(self, *, seconds: float) -> None:
        """Repeat every report that is not acknowledged, at most that long."""
        end = time.monotonic() + min(seconds, MOST_SECONDS)

        def next_one() -> tuple[int | None, float]:
            now = time.monotonic()
            if now >= end or not any(machine.waiting for machine in self.machines):
                return None, -1
            if self._again and self._again[0][0] <= now:
                return heapq.heappop(self._again)[1], 0
            return None, 0.02

        self._work(next_one)

    def _work(self, next_one: Callable[[], tuple[int | None, float]]) -> None:
        workers = [threading.Thread(target=self._worker, args=(next_one,), daemon=True) for _ in range(self.threads)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()

    def _worker(self, next_one: Callable[[], tuple[int | None, float]]) -> None:
        sender = _Sender(self.portal, self.token, timeout=self.timeout, compressed=self.compressed)
        try:
            while True:
                with self._lock:
                    number, pause = next_one()
                if number is not None:
                    self._send(sender, number)
                elif pause < 0:
                    return
                else:
                    time.sleep(pause)
        finally:
            sender.close()

    def _begin(self, number: int) -> None:
        machine = self.machines[number]
        machine.waiting, machine.tries = True, 0
        machine.changed = machine.stored is None
        if machine.stored is not None and self._chance.random() < self.changed:
            machine.changed = True
            for package in self._chance.sample(sorted(machine.releases), min(self.upgraded, self.packages)):
                machine.releases[package] = (machine.releases[package] + 1) % RELEASES

    def _send(self, sender: _Sender, number: int) -> None:
        machine = self.machines[number]
        body = report(machine.name, machine.releases)
        started = time.monotonic()
        status, wait = sender.post("osquery", body)
        ended = time.monotonic()
        with self._lock:
            self.sent.append(Sent(started, ended - started, status, machine.changed, len(body)))
            if status == 200:
                machine.waiting, machine.stored = False, dict(machine.releases)
                self._idle.append(number)
                return
            machine.tries += 1
            pause = wait if wait is not None else self._chance.uniform(0.2, min(LONGEST_PAUSE, 0.5 * 2.0**machine.tries))
            heapq.heappush(self._again, (ended + pause, number))

    # --- the account -----------------------------------------------------------------------------------------------------

    @property
    def unsettled(self) -> frozenset[str]:
        """Machines with a report that was sent and not acknowledged: the portal may hold it, or the one before."""
        return frozenset(machine.name for machine in self.machines if machine.waiting)

    def expected(self) -> dict[str, frozenset[tuple[str, str]]]:
        """Machine -> (package, version): what each last acknowledged report said. Machines that never had an answer are missing."""
        return {machine.name: machine.packages(machine.stored) for machine in self.machines if machine.stored is not None}

    def possible(self) -> dict[str, frozenset[tuple[str, str]]]:
        """What the reports say that are not acknowledged."""
        return {machine.name: machine.packages(machine.releases) for machine in self.machines if machine.waiting}


class _Sender:
    """One connection that is kept open."""

    def __init__(self, portal: str, token: str, *, timeout: float, compressed: bool) -> None:
        parts = urlsplit(portal)
        self._connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=timeout)
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self._compressed = compressed
        self._used = 0.0
        if compressed:
            self._headers["Content-Encoding"] = "gzip"

    def post(self, source: str, body: bytes) -> tuple[int, float | None]:
        """The status (0: no answer) and the seconds that Retry-After asks for."""
        if time.monotonic() > self._used + IDLE_SECONDS:
            self._connection.close()  # the server may be about to
        self._used = time.monotonic()
        try:
            self._connection.request("POST", f"/api/ingest/{source}", gzip.compress(body, 1) if self._compressed else body, self._headers)
            answer = self._connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException):
            self._connection.close()
            return 0, None
        asked = answer.headers.get("Retry-After", "")
        return answer.status, float(asked) if asked.isdecimal() else None

    def close(self) -> None:
        self._connection.close()


def report(name: str, releases: dict[int, int], *, at: float | None = None) -> bytes:
    """An osquery log of a Debian machine: its release and its packages, with when it was written (`at`; None: now), as agents do."""
    moment = int(time.time() if at is None else at)
    written = f"{time.asctime(time.gmtime(moment))} UTC"
    head = f'"hostIdentifier":{json.dumps(name)},"calendarTime":"{written}","unixTime":{moment},"epoch":0,"counter":0'
    system = '{"name":"Debian GNU/Linux","version":"12 (bookworm)","major":"12","minor":"0","platform":"debian","codename":"bookworm"}'
    rows = ",".join(_row(number, release) for number, release in releases.items())
    return (
        f'{{"name":"os_version",{head},"action":"snapshot","snapshot":[{system}]}}\n'
        f'{{"name":"deb_packages",{head},"action":"snapshot","snapshot":[{rows}]}}\n'
    ).encode()


@lru_cache(maxsize=CATALOGUE * RELEASES)
def _row(number: int, release: int) -> str:
    return json.dumps({"name": package_name(number), "version": version(number, release), "source": "", "status": "install ok installed"})


def package_name(number: int) -> str:
    return f"load-package-{number:04}"


def version(number: int, release: int) -> str:
    return f"{1 + number % 9}.{number % 13}.{release}-1"


# --- what the database holds -----------------------------------------------------------------------------------------

_STORED = """
SELECT m.external_id, s.name, v.version
FROM inventory_machine m
JOIN inventory_installation i ON i.machine_id = m.id
JOIN inventory_version v ON v.id = i.version_id
JOIN inventory_software s ON s.id = v.software_id
WHERE s.ecosystem = 'deb' AND m.external_id = ANY(%s)
"""


def stored(database_url: str, names: list[str]) -> dict[str, frozenset[tuple[str, str]]]:
    """Machine -> (package, version) in the portal's database."""
    import psycopg

    found: dict[str, set[tuple[str, str]]] = {}
    with psycopg.connect(database_url) as connection:
        known = connection.execute("SELECT external_id FROM inventory_machine WHERE external_id = ANY(%s)", [names]).fetchall()
        for name, package, its_version in connection.execute(_STORED, [names]):
            found.setdefault(name, set()).add((package, its_version))
    return {name: frozenset(found.get(name, ())) for (name,) in known}


def lost(agents: Agents, database_url: str) -> dict[str, str]:
    """Machine -> what is wrong with it: the database holds neither its last acknowledged report nor a later one that has no answer."""
    expected, possible = agents.expected(), agents.possible()
    held = stored(database_url, list(expected))
    wrong = {}
    for name, packages in expected.items():
        found = held.get(name)
        if found is None:
            wrong[name] = "no such machine"
        elif found not in (packages, possible.get(name)):
            wrong[name] = f"{len(packages - found)} packages are missing, {len(found - packages)} should not be there"
    return wrong
