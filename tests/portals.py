"""The real `manage.py portal` as a process of its own, on a data folder and a port."""

from __future__ import annotations

import http.cookiejar
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PASSWORD = "fault-tests-5c81e0"


class Portal:
    """One run of the command on a data folder."""

    def __init__(self, folder: Path, port: int, **settings: str) -> None:
        self.folder, self.port = folder, port
        kept = {
            key: text
            for key, text in os.environ.items()
            if not key.startswith(("DATABASE_", "REDIS_", "KEY_", "SECRET_", "ALLOWED_", "COV"))
        }
        own = {"PORTAL_DATA": str(folder), "PORT": str(port), "PORTAL_DEMO": "no", "PORTAL_ADMIN_PASSWORD": PASSWORD}
        self.environment = {**kept, **own, **settings}
        self.process = subprocess.Popen(
            [sys.executable, str(ROOT / "manage.py"), "portal"],
            env=self.environment,
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

    def manage(self, *arguments: str) -> str:
        """A command of `manage.py` against the portal's servers; what it printed. Raises CalledProcessError."""
        command = [sys.executable, str(ROOT / "manage.py"), *arguments]
        return subprocess.run(
            command, env=self.environment, cwd=self.folder.parent, check=True, capture_output=True, text=True, timeout=200
        ).stdout

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


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
