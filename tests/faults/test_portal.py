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


@pytest.mark.timeout(240)
def test_a_killed_portal_starts_again_and_ctrl_c_stops_all_of_it(home: Path, start: Callable[[int], Portal]) -> None:
    port = _free_port()
    first = start(port)
    printed = first.wait_until_ready()
    assert "Sign in as admin" in printed
    assert PASSWORD not in printed
    assert (home / "secret_key").stat().st_mode & 0o777 == 0o600
    assert first.sign_in() == 200

    second = subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), "portal"],
        env={**os.environ, "PORTAL_DATA": str(home.parent / "other"), "PORT": str(port)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert second.returncode == 2
    assert second.stderr.startswith(f"Port {port} cannot be used")
    assert "Traceback" not in second.stderr

    first.process.kill()
    first.process.wait()
    first.wait_until_nothing_is_left()

    again = start(port)
    printed = again.wait_until_ready()
    assert "Sign in as admin" not in printed
    assert again.sign_in() == 200
    assert again.stop(signal.SIGINT) == 0
    again.wait_until_nothing_is_left(1)


@pytest.mark.timeout(120)
def test_a_program_that_dies_is_started_again(home: Path, start: Callable[[int], Portal]) -> None:
    portal = start(_free_port())
    portal.wait_until_ready()
    web = next(int(line.split()[0]) for line in (home / "programs").read_text().splitlines())
    os.kill(web, signal.SIGKILL)
    assert portal.process.stdout
    said = next(line for line in portal.process.stdout if line.startswith("web ended"))
    assert "SIGKILL" in said
    end = time.monotonic() + 30
    while time.monotonic() < end:
        try:
            assert portal.sign_in() == 200
            break
        except (OSError, http.client.HTTPException, urllib.error.URLError):
            time.sleep(0.3)
    else:
        raise AssertionError("the web server did not come back")
    assert portal.stop(signal.SIGTERM) == 0
    portal.wait_until_nothing_is_left(1)


def test_a_portal_whose_settings_are_wrong_starts_nothing(home: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), "portal"],
        env={**os.environ, "PORTAL_DATA": str(home), "ALLOWED_HOSTS": "*"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("ALLOWED_HOSTS is not usable")
    assert done.stdout == ""
