"""The real `manage.py portal`: started, signed in to, killed, started again, stopped."""

from __future__ import annotations

import http.client
import http.cookiejar
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.portals import PASSWORD, ROOT, Portal, free_port

pytestmark = [pytest.mark.faults, pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")]


@pytest.fixture
def start(home: Path) -> Iterator[Callable[[int], Portal]]:
    """Starts a portal on a port; whatever still runs afterwards is killed."""
    portals: list[Portal] = []

    def run(port: int) -> Portal:
        portals.append(Portal(home, port))
        return portals[-1]

    yield run
    for portal in portals:
        portal.close()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.mark.timeout(280)
def test_a_portal_lives_through_a_lost_program_and_a_kill_and_stops_at_ctrl_c(home: Path, start: Callable[[int], Portal]) -> None:
    """One story, because each start loads the first data or waits for a web server."""
    port = free_port()
    first = start(port)
    printed = first.wait_until_ready()
    assert "Sign in as admin" in printed
    assert PASSWORD not in printed
    assert (home / "secret_key").stat().st_mode & 0o777 == 0o600
    assert first.sign_in() == 200

    _a_busy_port_and_a_used_folder_are_said(home, port)
    _a_lost_web_server_comes_back(first)

    first.process.kill()
    first.process.wait()
    first.wait_until_nothing_is_left()

    again = start(port)
    assert "Sign in as admin" not in again.wait_until_ready()
    assert again.sign_in() == 200
    assert again.stop(signal.SIGINT) == 0
    again.wait_until_nothing_is_left(1)


def _a_busy_port_and_a_used_folder_are_said(home: Path, port: int) -> None:
    busy = _run(PORTAL_DATA=str(home.parent / "other"), PORT=str(port))
    assert (busy.returncode, busy.stdout) == (2, "")
    assert busy.stderr.startswith(f"Port {port} cannot be used")
    used = _run(PORTAL_DATA=str(home), PORT=str(free_port()))
    assert (used.returncode, used.stdout) == (2, "")
    assert used.stderr.startswith(f"A portal already runs with the data in {home}")


def _a_lost_web_server_comes_back(portal: Portal) -> None:
    web = next(int(line.split()[0]) for line in (portal.folder / "programs").read_text().splitlines())
    os.kill(web, signal.SIGKILL)
    assert portal.process.stdout
    assert "SIGKILL" in next(line for line in portal.process.stdout if line.startswith("web ended"))
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            assert portal.sign_in() == 200
            return
        except (OSError, http.client.HTTPException, urllib.error.URLError):
            time.sleep(0.3)
    raise AssertionError("the web server did not come back")


def _run(**environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "manage.py"), "portal"]
    return subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True, timeout=60, check=False)


def test_a_portal_whose_settings_are_wrong_starts_nothing(home: Path) -> None:
    done = _run(PORTAL_DATA=str(home), ALLOWED_HOSTS="*")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("ALLOWED_HOSTS is not usable")
    assert "Traceback" not in done.stderr
