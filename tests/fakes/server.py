"""An HTTP server on the loopback that stands for another system: what it was asked, what it answers, and how it fails when told to."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Literal, Self
from urllib.parse import parse_qsl, unquote, urlsplit

Kind = Literal["hang", "close", "status", "garbage", "redirect", "slow"]
LARGEST = 20_000_000


@dataclass(frozen=True)
class Fault:
    """How one request goes wrong. `after`: once the work is done; `on`: a part of "METHOD /path" that it waits for."""

    kind: Kind
    after: bool = False
    on: str = ""
    status: int = 500
    seconds: float = 30.0
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Seen:
    """A request as it came in; names of headers in lower case."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    content: bytes

    @property
    def line(self) -> str:
        return f"{self.method} {self.path}"

    def json(self) -> Any:
        """Raises ValueError."""
        return json.loads(self.content)

    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.content.decode(), keep_blank_values=True))


@dataclass(frozen=True)
class Reply:
    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


class Said(Exception):
    """Ends a request with that answer."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.status)
        self.reply = reply


class FakeServer:
    """Starts with `with` (or start), stops with it. `faults` are used up, the first that fits first; `skew`: seconds its clock is off."""

    def __init__(self, *, port: int = 0) -> None:
        self.faults: list[Fault] = []
        self.seen: list[Seen] = []
        self.skew = 0.0
        self.lock = threading.RLock()
        self.stopping = threading.Event()
        self._server = _Server(("127.0.0.1", port), _Handler, bind_and_activate=True)
        self._server.fake = self
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def start(self) -> Self:
        self._thread.start()
        return self

    def stop(self) -> None:
        self.stopping.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def now(self) -> float:
        """Its own clock, in seconds since 1970."""
        return time.time() + self.skew

    def calls(self, line: str) -> list[Seen]:
        """The requests whose "METHOD /path" holds that."""
        return [seen for seen in self.seen if line in seen.line]

    def answer(self, seen: Seen) -> Reply:
        """What the system would say. Runs alone."""
        raise NotImplementedError

    def error(self, status: int) -> Any:
        """The body of an error that has nothing to do with the request."""
        return {}

    def take_fault(self, seen: Seen) -> Fault | None:
        with self.lock:
            self.seen.append(seen)
            for fault in self.faults:
                if fault.on in seen.line:
                    self.faults.remove(fault)
                    return fault
        return None

    def work(self, seen: Seen) -> Reply:
        with self.lock:
            try:
                return self.answer(seen)
            except Said as said:
                return said.reply


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    fake: FakeServer

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is what some tests are about."""
        import sys

        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        return

    def date_time_string(self, timestamp: float | None = None) -> str:
        return super().date_time_string(self.server.fake.now() if timestamp is None else timestamp)

    def _serve(self) -> None:
        fake = self.server.fake
        seen = self._read()
        fault = fake.take_fault(seen)
        if fault is None:
            self._write(fake.work(seen))
            return
        reply = fake.work(seen) if fault.after or fault.kind == "slow" else None
        self._fail(fault, reply)

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _serve  # noqa: N815

    def _read(self) -> Seen:
        parts = urlsplit(self.path)
        length = min(LARGEST, int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        return Seen(
            self.command, unquote(parts.path), dict(parse_qsl(parts.query, keep_blank_values=True)), headers, self.rfile.read(length)
        )

    def _write(self, reply: Reply, raw: bytes | None = None) -> None:
        content = raw if raw is not None else b"" if reply.body is None else json.dumps(reply.body).encode()
        self.send_response(reply.status)
        for name, value in {"Content-Type": "application/json;charset=UTF-8", **reply.headers}.items():
            self.send_header(name, value)
        if reply.status != 204:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if reply.status != 204:
            self.wfile.write(content)

    def _fail(self, fault: Fault, reply: Reply | None) -> None:
        fake = self.server.fake
        if fault.kind == "slow":
            assert reply is not None
            fake.stopping.wait(fault.seconds)
            self._write(reply)
        elif fault.kind == "garbage":
            page = b"<!doctype html><title>Hibernating</title>"
            self._write(Reply(reply.status if reply else 200, headers={"Content-Type": "text/html", **fault.headers}), page)
        elif fault.kind == "redirect":
            self._write(Reply(302, headers=fault.headers))
        elif fault.kind == "status":
            self._write(Reply(fault.status, fake.error(fault.status), fault.headers))
        else:
            if fault.kind == "hang":
                fake.stopping.wait(fault.seconds)
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
