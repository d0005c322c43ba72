"""Killing the command, the database, the web server or the worker in the middle of the work, and starting again.

Each test ends by comparing everything that was stored with what an undisturbed run stores from the same reports.
"""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from core.embedded import Postgres, Valkey

ROOT = Path(__file__).resolve().parent.parent.parent
HOSTS, PACKAGES = 60, 300
pytestmark = [pytest.mark.faults, pytest.mark.timeout(300)]

SET_UP = """
import datetime as dt
from django.utils import timezone
from core.tokens import make_token
from weaknesses import bulk
from weaknesses.records import RangeRecord, WeaknessRecord
bulk.store_weaknesses((WeaknessRecord(
    cve=f"CVE-2026-{10000 + n}", cvss=5 + n % 5, severity=3, published_at=timezone.now(),
    ranges=(RangeRecord(product=f"deb:debian:package-{n}", platforms=("debian-12",), end="2.0", fixed="2.0"),),
) for n in range(0, 300, 3)), "debian")
"""
# Everything that reports and runs store, by names instead of ids and without the time of day.
STATE = """
SELECT 'machine', m.external_id, m.name, g.name, m.platform FROM inventory_machine m JOIN inventory_machinegroup g ON g.id = m.group_id
UNION ALL
SELECT 'installation', m.external_id, s.key, v.version, v.platform FROM inventory_installation i
  JOIN inventory_machine m ON m.id = i.machine_id JOIN inventory_version v ON v.id = i.version_id
  JOIN inventory_software s ON s.id = v.software_id
UNION ALL
SELECT 'match', s.key, v.version, w.cve, vw.fixed FROM weaknesses_versionweakness vw
  JOIN inventory_version v ON v.id = vw.version_id JOIN inventory_software s ON s.id = v.software_id
  JOIN weaknesses_weakness w ON w.id = vw.weakness_id
UNION ALL
SELECT 'exposure', m.external_id, r.key, round(e.base::numeric, 9)::text, '' FROM recommendations_exposure e
  JOIN inventory_machine m ON m.id = e.machine_id JOIN recommendations_recommendation r ON r.id = e.recommendation_id
UNION ALL
SELECT 'score', m.external_id, round(s.score::numeric, 9)::text, s.level::text, s.exposures::text FROM recommendations_machinescore s
  JOIN inventory_machine m ON m.id = s.machine_id
UNION ALL
SELECT 'stat', r.key, g.name, t.exposed::text, round(t.impact::numeric, 9)::text FROM recommendations_recommendationstat t
  JOIN recommendations_recommendation r ON r.id = t.recommendation_id JOIN inventory_machinegroup g ON g.id = t.group_id
UNION ALL
SELECT 'dirty', machine_id::text, '', '', '' FROM inventory_dirtymachine
ORDER BY 1, 2, 3, 4, 5
"""


class Site:
    """A data folder with its own servers, and the commands run on it."""

    def __init__(self, home: Path) -> None:
        self.postgres, self.valkey = Postgres(home), Valkey(home)
        self.url, broker = self.postgres.start(), self.valkey.start()
        kept = {key: text for key, text in os.environ.items() if not key.startswith("COV")}
        self.environment = kept | {
            "DATABASE_URL": self.url,
            "REDIS_URL": broker,
            "SECRET_KEY": "crash-tests-" + "0" * 32,
            "ALLOWED_HOSTS": "127.0.0.1",
            "KEY_PREFIX": "crash",
            "DATABASE_POOL": "false",
        }
        self.processes: list[subprocess.Popen[bytes]] = []
        self.manage("migrate", "--verbosity=0").wait()
        assert self.manage("shell", "--verbosity=0", "-c", SET_UP).wait() == 0

    def spawn(self, *command: str) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, *command],
            env=self.environment,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # so that its children can be killed with it
        )
        self.processes.append(process)
        return process

    def manage(self, *arguments: str) -> subprocess.Popen[bytes]:
        return self.spawn("manage.py", *arguments)

    def rows(self, query: str) -> list[Any]:
        with psycopg.connect(self.url) as connection:
            return connection.execute(query).fetchall()

    def count(self, table: str) -> int:
        return int(self.rows(f"SELECT count(*) FROM {table}")[0][0])

    def close(self) -> None:
        for process in self.processes:
            kill(process)
        self.valkey.stop()
        self.postgres.stop()


def kill(process: subprocess.Popen[bytes]) -> None:
    """The process and whatever it started, at once."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path / "site")
    yield made
    made.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One osquery log a host; every host has other versions."""
    made = tmp_path_factory.mktemp("reports")
    for host in range(HOSTS):
        (made / f"host-{host:03}.log").write_text(_log(host))
    return made


@pytest.fixture(scope="module")
def undisturbed(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Any]:
    site = Site(tmp_path_factory.mktemp("undisturbed"))
    try:
        assert site.manage("ingest", str(folder)).wait() == 0
        state = site.rows(STATE)
    finally:
        site.close()
    assert len(state) > HOSTS * PACKAGES
    assert {row[0] for row in state} == {"machine", "installation", "match", "exposure", "score", "stat"}
    return state


def test_a_killed_ingest_is_completed_by_the_next(site: Site, folder: Path, undisturbed: list[Any]) -> None:
    for seen in (1, HOSTS // 2):
        process = site.manage("ingest", str(folder))
        _wait_for_machines(site, seen)
        kill(process)
    assert site.manage("ingest", str(folder)).wait() == 0
    assert site.rows(STATE) == undisturbed


def test_a_killed_database_loses_nothing(site: Site, folder: Path, undisturbed: list[Any]) -> None:
    process = site.manage("ingest", str(folder))
    _wait_for_machines(site, 5)
    assert site.postgres.process
    site.postgres.process.send_signal(signal.SIGKILL)
    site.postgres.process.wait()
    assert process.wait(60) != 0
    site.postgres.start()
    assert site.manage("ingest", str(folder)).wait() == 0
    assert site.rows(STATE) == undisturbed


def test_a_killed_run_is_done_again(site: Site, folder: Path, undisturbed: list[Any]) -> None:
    assert site.manage("ingest", "--no-recompute", str(folder)).wait() == 0
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND pid <> pg_backend_pid() AND datname = current_database()"
    run = site.manage("recompute")
    _wait_until(lambda: site.rows(waiting)[0][0] > 0)
    kill(run)
    assert site.manage("recompute").wait() == 0
    assert site.rows(STATE) == undisturbed


def test_a_killed_worker_leaves_dirty_machines_to_the_next(site: Site, folder: Path, undisturbed: list[Any]) -> None:
    assert site.manage("ingest", "--no-recompute", str(folder)).wait() == 0
    assert site.count("inventory_dirtymachine") == HOSTS
    for killed in (True, False):
        worker = site.spawn(
            "-m",
            "celery",
            "-A",
            "tvm_portal",
            "worker",
            "-P",
            "threads",
            "-c",
            "1",
            "-B",
            "-s",
            str(site.postgres.home / "beat"),
            "-l",
            "WARNING",
        )
        if killed:
            _wait_until(lambda: site.rows("SELECT count(*) FROM weaknesses_versionweakness")[0][0] > 0)
            kill(worker)
    _wait_until(lambda: site.count("inventory_dirtymachine") == 0 and site.count("recommendations_machinescore") == HOSTS, seconds=90)
    assert site.rows(STATE) == undisturbed


def test_a_killed_web_server_is_told_to_the_sender_who_sends_again(site: Site, folder: Path, undisturbed: list[Any]) -> None:
    token = _token(site)
    port = _free_port()
    body = gzip.compress("".join((folder / f"host-{host:03}.log").read_text() for host in range(HOSTS)).encode())
    web = _start_web(site, port)
    _send(port, token, body, wait=False, cut=len(body) // 2)
    kill(web)
    _start_web(site, port)
    assert _send(port, token, body)["machines"] == HOSTS
    assert site.manage("recompute").wait() == 0
    assert site.rows(STATE) == undisturbed


def _log(host: int) -> str:
    packages = [
        {
            "name": f"package-{n}",
            "version": f"1.{(host + n) % 20}-1" if n % 2 else f"2.{host % 7}-1",
            "source": "",
            "status": "install ok installed",
            "arch": "amd64",
        }
        for n in range(PACKAGES)
    ]
    system = [
        {
            "name": "Debian GNU/Linux",
            "version": "12 (bookworm)",
            "major": "12",
            "minor": "0",
            "platform": "debian",
            "arch": "x86_64",
            "codename": "bookworm",
        }
    ]
    common = {"hostIdentifier": f"host-{host:03}", "unixTime": 1773500000, "action": "snapshot"}
    events = [common | {"name": "pack_os_version", "snapshot": system}, common | {"name": "pack_deb_packages", "snapshot": packages}]
    return "".join(json.dumps(event) + "\n" for event in events)


def _wait_for_machines(site: Site, count: int) -> None:
    _wait_until(lambda: site.count("inventory_machine") >= count)


def _wait_until(holds: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            raise AssertionError(f"not after {seconds} s")
        time.sleep(0.02)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _token(site: Site) -> str:
    done = subprocess.run(
        [sys.executable, "manage.py", "create_token", "crash tests"],
        env=site.environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.split()[-1]


def _start_web(site: Site, port: int) -> subprocess.Popen[bytes]:
    web = site.spawn("-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port), "tvm_portal.wsgi:application")

    def answers() -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=2) as response:
                return bool(response.status == 200)
        except OSError:
            return False

    _wait_until(answers)
    return web


def _send(port: int, token: str, body: bytes, *, wait: bool = True, cut: int | None = None) -> Any:
    """Post a report; `cut` sends only so many bytes of what is announced, and does not wait for an answer."""
    if wait:
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}/api/ingest/osquery",
            data=body,
            headers={"Authorization": f"Bearer {token}", "Content-Encoding": "gzip", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=60) as response:
            return json.load(response)
    with socket.create_connection(("127.0.0.1", port)) as connection:
        lines = ("POST /api/ingest/osquery HTTP/1.1", "Host: 127.0.0.1", f"Authorization: Bearer {token}", "Content-Encoding: gzip")
        head = "\r\n".join((*lines, f"Content-Length: {len(body)}", "", ""))
        connection.sendall(head.encode() + body[:cut])
        time.sleep(0.3)
    return None
