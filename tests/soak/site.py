"""The portal under test: its own data folder, database, broker, mail server and ticket system, all on the loopback."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from email import message_from_bytes
from pathlib import Path
from typing import Any

import psycopg
from aiosmtpd.controller import Controller

from core.embedded import Postgres
from core.embedded.folders import socket_dir
from tests.fakes.jira_server import JiraServer
from tests.portals import ROOT, Portal, free_port

DATABASE = "portal"
# What exports sort and what statements put aside goes to the small file system, as they get little memory.
SMALL_WORK = (
    "CREATE TABLESPACE small LOCATION '{place}'",
    "ALTER DATABASE portal SET temp_tablespaces = 'small'",
    "ALTER DATABASE portal SET work_mem = '256kB'",
)


class Mails:
    """Takes every mail; how often each Message-ID came."""

    def __init__(self) -> None:
        self.taken: dict[str, int] = {}

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - its name
        key = str(message_from_bytes(envelope.content)["Message-ID"])
        self.taken[key] = self.taken.get(key, 0) + 1
        return "250 taken"


class Operator:
    """The process of tests.soak.operator. Orders are given one after the other."""

    def __init__(self, environment: dict[str, str], log: Path) -> None:
        self._log = log.open("ab")
        command = [
            sys.executable,
            str(ROOT / "manage.py"),
            "shell",
            "--verbosity=0",
            "-c",
            "from tests.soak import operator; operator.main()",
        ]
        self._process = subprocess.Popen(
            command, env=environment, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log, text=True
        )
        self._lock = threading.Lock()

    def order(self, verb: str, **named: Any) -> dict[str, Any]:
        """{"done": ...} or {"failed": ...}."""
        with self._lock:
            assert self._process.stdin
            assert self._process.stdout
            self._process.stdin.write(json.dumps({"do": verb, **named}) + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        if not line:
            return {"failed": f"the operator ended with {self._process.wait()}"}
        answer: dict[str, Any] = json.loads(line)
        return answer

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        self._log.close()


class Site:
    """One portal from its first start on. `small`: a folder on a small file system for what is put aside, or None."""

    def __init__(self, folder: Path, small: Path | None, say: Callable[[str], None]) -> None:
        self.folder, self.small, self.say = folder, small, say
        self.port, self.mails, self.jira = free_port(), Mails(), JiraServer().start()
        self.mail_port = free_port()
        self._mail = Controller(self.mails, hostname="127.0.0.1", port=self.mail_port)
        self._mail.start()
        more = {"TMPDIR": str(small)} if small else {}
        self.portal = Portal(folder, self.port, EMAIL_URL=f"smtp://127.0.0.1:{self.mail_port}", **more)
        self.said: list[str] = []
        try:
            self.portal.wait_until_ready()
            threading.Thread(target=self._listen, daemon=True).start()
            self.database = Postgres(folder).url(DATABASE)
            self._put_aside()
            self.token = self.portal.manage("create_token", "soak").split()[-1]
            servers = {"DATABASE_URL": self.database, "REDIS_URL": f"unix://{socket_dir(folder)}/valkey.sock"}
            self.operator = Operator({**self.portal.environment, **servers, "DATABASE_POOL": "false"}, folder / "log" / "operator.log")
        except BaseException:
            self.close()
            raise

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.database) as connection:
            return connection.execute(query).fetchall()

    def number(self, query: str) -> int:
        return int(self.rows(query)[0][0])

    def close(self) -> None:
        if operator := getattr(self, "operator", None):
            operator.close()
        self.portal.process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.portal.process.wait(60)
        self.portal.close()
        self._mail.stop()
        self.jira.stop()

    def _listen(self) -> None:
        """What the command prints, so that its pipe does not fill up."""
        assert self.portal.process.stdout
        with contextlib.suppress(ValueError):
            for line in self.portal.process.stdout:
                if not line.startswith(" "):
                    self.said.append(line.rstrip())

    def _put_aside(self) -> None:
        if self.small is None:
            return
        place = self.small / "database"
        place.mkdir()
        with psycopg.connect(self.database, autocommit=True) as connection:
            for statement in SMALL_WORK:
                connection.execute(statement.format(place=place))


@contextlib.contextmanager
def site(folder: Path, small: Path | None, say: Callable[[str], None]) -> Iterator[Site]:
    made = Site(folder, small, say)
    try:
        yield made
    finally:
        made.close()


def wait_until(holds: Callable[[], bool], *, seconds: float, pause: float = 0.5) -> bool:
    """Whether it came to hold in that time. A database that is away is asked again."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(psycopg.Error):
            if holds():
                return True
        time.sleep(pause)
    return False
