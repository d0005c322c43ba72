"""The real `manage.py portal`: started, signed in to, killed, started again, stopped."""

from __future__ import annotations

import http.client
import http.cookiejar
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
PASSWORD = "fault-tests-5c81e0"
pytestmark = [pytest.mark.faults, pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")]


class Portal:
    """One run of the command on a data folder."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder, self.port = folder, port
        kept = {
            key: text
            for key, text in os.environ.items()
            if not key.startswith(("DATABASE_", "REDIS_", "KEY_", "SECRET_", "ALLOWED_", "COV"))
        }
        environment = {**kept, "PORTAL_DATA": str(folder), "PORT": str(port), "PORTAL_DEMO": "no", "PORTAL_ADMIN_PASSWORD": PASSWORD}
        self.process = subprocess.Popen(
            [sys.executable, str(ROOT / "manage.py"), "portal"],
            env=environment,
            cwd=folder.parent,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def wait_until_ready(self) -> str:
        """Everything printed up to and with the address."""
        assert self.process.stdout
        printed = ""
        for line in self.process.stdout:
            printed += line
            if "is ready" in line:
                return printed
        raise AssertionError(f"ended with {self.process.wait()}:\n{printed}")

    def close(self) -> None:
        """For the end of a test, however it ended."""
        self.process.kill()
        self.process.wait()
        if self.process.stdout:
            self.process.stdout.close()

    def stop(self, signum: signal.Signals) -> int:
        self.process.send_signal(signum)
        return self.process.wait(60)

    def left(self) -> list[str]:
        """Command lines of live processes that belong to this data folder or port."""
        return [line for line in _command_lines() if str(self.folder) in line or f"--port {self.port} " in line]

    def wait_until_nothing_is_left(self, seconds: float = 20) -> None:
        end = time.monotonic() + seconds
        while self.left() and time.monotonic() < end:
            time.sleep(0.1)
        assert self.left() == []

    def sign_in(self) -> int:
        """The status of the admin site's first page after signing in through the form."""
        address = f"http://127.0.0.1:{self.port}"
        jar = http.cookiejar.CookieJar()
        browser = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(jar))
        form = browser.open(f"{address}/sign-in/?next=/admin/", timeout=20).read().decode()
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', form)
        assert token
        fields = {"csrfmiddlewaretoken": token[1], "username": "admin", "password": PASSWORD, "next": "/admin/"}
        request = urllib.request.Request(f"{address}/sign-in/", urllib.parse.urlencode(fields).encode(), {"Referer": f"{address}/sign-in/"})
        answer = browser.open(request, timeout=20)
        assert answer.url == f"{address}/admin/"
        return int(answer.status)


def _command_lines() -> Iterator[str]:
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            state = (entry / "stat").read_text().rsplit(")", 1)[1].split()[0]
            line = (entry / "cmdline").read_text().replace("\0", " ")
            surroundings = (entry / "environ").read_text(errors="replace")
        except OSError:
            continue
        if state != "Z" and int(entry.name) != os.getpid():
            folder = re.search(r"(?:^|\0)PORTAL_DATA=([^\0]*)", surroundings)
            yield f"{line} {folder[1] if folder else ''}"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


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
    port = _free_port()
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
    used = _run(PORTAL_DATA=str(home), PORT=str(_free_port()))
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
