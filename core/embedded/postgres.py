"""PostgreSQL, run out of its wheel (or from PORTAL_PG_BIN) on a unix socket."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from core.embedded.folders import EmbeddedError, locked, tail
from core.embedded.home import Home, choose_home
from core.embedded.processes import is_running, own_session, working_in

START_SECONDS = 60
# What the portal's set-based statements want on a small machine.
TUNING: Mapping[str, str] = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "60",
    "max_locks_per_transaction": "256",  # a statement on a partitioned table locks every partition and index
    "shared_buffers": "256MB",
    "work_mem": "32MB",
    "maintenance_work_mem": "256MB",
    "effective_cache_size": "1GB",
    "max_wal_size": "4GB",
    "random_page_cost": "1.1",
    "timezone": "UTC",
    "jit": "off",
}
FAST: Mapping[str, str] = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}


class Postgres:
    """One server per data folder. `fast=True` (tests): the data may be lost in a power cut."""

    def __init__(self, home: Path, fast: bool = False, settings: Mapping[str, str] | None = None) -> None:
        self.home, self.fast, self.settings = home.absolute(), fast, dict(settings or {})
        self.process: subprocess.Popen[bytes] | None = None
        self._place: Home | None = None

    def start(self, database: str = "portal") -> str:
        """Start the server, or join it if it runs; returns a DATABASE_URL. Raises EmbeddedError with the log's end."""
        self.home.mkdir(parents=True, exist_ok=True)
        for last in (False, False, True):  # the server joined may be on its way out
            try:
                return self._start(database)
            except EmbeddedError:
                if last:
                    raise
                time.sleep(0.5)
        raise AssertionError("unreachable")

    def url(self, database: str) -> str:
        """An address in the form that libpq and dj-database-url both read."""
        return f"postgresql://portal@/{database}?host={quote(str(self.place.socket))}"

    def alive(self) -> bool:
        """Whether a server of this data folder runs, ours or one that was joined."""
        postmaster = self._postmaster()
        if self.process:
            self.process.poll()  # reaps it, so that it does not look alive
        return postmaster is not None and is_running(postmaster[0], "postgres")

    def stop(self) -> None:
        """Stop the server if this object started it: its fast shutdown, then the hard one."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.send_signal(signal.SIGQUIT)
                self.process.wait(10)

    @property
    def place(self) -> Home:
        """Programs, data, socket and account; found at the first use."""
        if self._place is None:
            self._place = choose_home(self.home)
        return self._place

    @property
    def data(self) -> Path:
        return self.place.data

    def _start(self, database: str) -> str:
        with locked(self.home / "pg.lock"):
            self._initialise()
            postmaster = self._postmaster()
            if not (postmaster and is_running(postmaster[0], "postgres")):
                self._clear_leftovers()
                self._launch()
            self._wait(START_SECONDS)
            self._create(database)
        return self.url(database)

    def _initialise(self) -> None:
        """Make the data folder under another name first: an initdb that was killed leaves only that."""
        if (self.data / "PG_VERSION").exists():
            return
        part = self.data.with_name(f"{self.data.name}.part")
        shutil.rmtree(part, ignore_errors=True)
        # The builtin provider sorts alike on every system; before 17 there is only the C library's.
        locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"] if self.place.major >= 17 else []
        fast = ["--no-sync"] if self.fast else []
        self._run("initdb", "-D", str(part), "-U", "portal", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-instructions", *locale, *fast)
        part.rename(self.data)

    def _launch(self) -> None:
        settings = {**TUNING, "unix_socket_directories": str(self.place.socket), **(FAST if self.fast else {}), **self.settings}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        log = os.open(self.home / "postgres.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self.process = subprocess.Popen(
            [str(self.place.programs / "postgres"), "-D", str(self.data), *options],
            stdout=log,
            stderr=subprocess.STDOUT,
            preexec_fn=own_session(signal.SIGINT, self.place.before),  # SIGINT is PostgreSQL's fast shutdown
            **self._surroundings(),
        )
        os.close(log)

    def _wait(self, seconds: float) -> None:
        """Until the server takes connections. One that was joined may be on its way out: then there is none to wait for."""
        end = time.monotonic() + seconds
        while (postmaster := self._postmaster()) is None or postmaster[1] != "ready":
            joined = self.process is None or self.process.poll() is not None
            if (joined and not self.alive()) or time.monotonic() > end:
                raise EmbeddedError(f"PostgreSQL did not start:\n{tail(self.home / 'postgres.log')}")
            time.sleep(0.02)

    def _create(self, database: str) -> None:
        ask = ("psql", "-X", "-h", str(self.place.socket), "-U", "portal", "-d", "postgres", "-Atqc")
        if self._run(*ask, f"SELECT 1 FROM pg_database WHERE datname = '{database}'").strip() != "1":  # noqa: S608  a name of our own
            self._run(*ask, f'CREATE DATABASE "{database}"')

    def _postmaster(self) -> tuple[int, str] | None:
        """(process, status) as postmaster.pid tells."""
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
            return int(lines[0]), (lines[7].strip() if len(lines) > 7 else "starting")
        except (OSError, ValueError, IndexError):
            return None

    def _clear_leftovers(self) -> None:
        """After a crash: wait out the old server's children, then drop its lock files."""
        end = time.monotonic() + 5
        while working_in(self.data) and time.monotonic() < end:
            time.sleep(0.05)
        for process in working_in(self.data):
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        for file in (self.data / "postmaster.pid", self.place.socket / ".s.PGSQL.5432.lock", self.place.socket / ".s.PGSQL.5432"):
            file.unlink(missing_ok=True)

    def _run(self, program: str, *arguments: str) -> str:
        done = subprocess.run(
            [str(self.place.programs / program), *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
            check=False,
            preexec_fn=self.place.before,
            **self._surroundings(),
        )
        if done.returncode:
            raise EmbeddedError(f"{program} failed ({done.returncode}):\n{done.stdout}")
        return str(done.stdout)

    def _surroundings(self) -> dict[str, Any]:
        environment = {**os.environ, "LC_ALL": "C", "TZ": "UTC"}
        return {"stdin": subprocess.DEVNULL, "cwd": "/", "env": environment, **self.place.account}
