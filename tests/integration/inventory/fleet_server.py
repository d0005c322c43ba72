"""A Fleet server on the loopback: pages of hosts for one token, and the ways it fails."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

TOKEN = "fleet-token"


@dataclass
class FleetServer:
    """`trouble`: a status, (status, Retry-After) or raw bytes for each of the next requests."""

    hosts: list[dict[str, Any]] = field(default_factory=list)
    trouble: list[Any] = field(default_factory=list)
    asked: list[dict[str, list[str]]] = field(default_factory=list)
    address: str = ""


class _Handler(BaseHTTPRequestHandler):
    server_state: FleetServer

    def do_GET(self) -> None:
        parts, state = urlsplit(self.path), self.server_state
        query = parse_qs(parts.query)
        state.asked.append(query)
        trouble = state.trouble.pop(0) if state.trouble else None
        if trouble is not None:
            self._fail(trouble)
        elif parts.path != "/api/v1/fleet/hosts":
            self._answer(404, b"{}")
        elif self.headers.get("Authorization") != f"Bearer {TOKEN}":
            self._answer(401, b'{"message": "Authentication required"}')
        else:
            self._answer(200, json.dumps({"hosts": self._page(query)}).encode())

    def _page(self, query: dict[str, list[str]]) -> list[dict[str, Any]]:
        size = int(query.get("per_page", ["100"])[0])
        start = int(query.get("page", ["0"])[0]) * size
        page = self.server_state.hosts[start : start + size]
        left_out = {
            "software": query.get("populate_software") != ["true"],
            "policies": query.get("populate_policies") != ["true"],
        }
        return [{name: value for name, value in host.items() if not left_out.get(name)} for host in page]

    def _fail(self, trouble: Any) -> None:
        if isinstance(trouble, bytes):
            self._answer(200, trouble)
        else:
            status, wait = trouble if isinstance(trouble, tuple) else (trouble, "")
            self._answer(status, b"", **({"Retry-After": wait} if wait else {}))

    def _answer(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass


@contextmanager
def serving() -> Iterator[FleetServer]:
    state = FleetServer()
    handler = type("Handler", (_Handler,), {"server_state": state})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    state.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
