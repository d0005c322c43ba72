"""Servers of the tests, spoken to over real HTTP: a receiver of webhooks, and a desk where tickets are made, found and read.

Both follow a script of faults, one a request; when it is over they behave. They count what has really happened.
"""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from remediation.ticketing import guard
from remediation.ticketing.base import Connection, Field, Finding, Made, Reading, Refused, Request, TryLater, Unsure


@dataclass
class Received:
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Server:
    """`faults`: what happens to the next requests. A number is answered as it is; (number, headers) too; "late": it is done, but the answer
    comes after the caller has gone; "closed": done, then hung up; "dropped": hung up before anything; "garbage", "ok"."""

    url: str = ""
    faults: deque[Any] = field(default_factory=deque)
    received: list[Received] = field(default_factory=list)
    tickets: dict[str, dict[str, Any]] = field(default_factory=dict)  # by key, as a receiver that tells repeats keeps them
    made: list[str] = field(default_factory=list)  # every creation that was carried out
    after: float = 0.6  # seconds that "late" takes


@contextmanager
def serving(*, by_id: bool) -> Iterator[Server]:
    """`by_id`: a receiver of webhooks, which tells repeats by their id; else a desk, which makes whatever it is asked for."""
    server = Server()
    listener = ThreadingHTTPServer(("127.0.0.1", 0), _handler(server, by_id=by_id))
    listener.daemon_threads = True
    server.url = f"http://127.0.0.1:{listener.server_address[1]}"
    thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        listener.shutdown()
        listener.server_close()
        thread.join(5)


def _handler(server: Server, *, by_id: bool) -> type[BaseHTTPRequestHandler]:
    return type("Handler", (_Handler,), {"server_state": server, "by_id": by_id})


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_state: Server
    by_id: bool

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base's own word
        pass

    def do_GET(self) -> None:
        self.do_POST()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        got = Received(self.command, self.path, {name.lower(): value for name, value in self.headers.items()}, body)
        server = self.server_state
        server.received.append(got)
        fault = server.faults.popleft() if server.faults else "ok"
        status, headers = fault if isinstance(fault, tuple) else (fault, {})
        if isinstance(status, int):
            self.say(status, b"no", headers)
        elif status == "dropped":
            self.hang_up()
        else:
            self.end(status, self.carry_out(got))

    def end(self, fault: str, answer: Any) -> None:
        """It is done; what the caller hears of it."""
        if fault == "late":
            time.sleep(self.server_state.after)
        if fault == "closed":
            self.hang_up()
        elif fault == "garbage":
            self.wfile.write(b"\x00\x01 this is no HTTP\r\n\r\n")
            self.close_connection = True
        else:
            self.say(404 if answer is None else 200, json.dumps(answer).encode(), {})

    def carry_out(self, got: Received) -> Any:
        server = self.server_state
        if self.by_id:
            key = got.headers["webhook-id"]
            if key not in server.tickets:
                server.made.append(key)
                server.tickets[key] = got.json
            return {"id": f"T-{len(server.made)}", "url": "https://desk.example.org/T-1"}
        parts = urlsplit(got.path)
        if parts.path != "/tickets":
            ticket = server.tickets.get(parts.path.split("/")[2])
            if got.method == "POST" and ticket is not None:
                ticket.setdefault("told", []).append(got.json)
            return ticket
        if got.method == "POST":
            return self.make(got.json)
        wanted = parse_qs(parts.query)["key"][0]
        return next((ticket for ticket in server.tickets.values() if ticket["key"] == wanted), {})

    def make(self, asked: dict[str, Any]) -> dict[str, Any]:
        server = self.server_state
        server.made.append(asked["key"])
        number = f"D-{len(server.made)}"
        server.tickets[number] = {**asked, "id": number, "state": "pending", "notes": ""}
        return server.tickets[number]

    def hang_up(self) -> None:
        self.close_connection = True
        self.connection.close()

    def say(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        try:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        except OSError:  # the caller has gone
            self.close_connection = True


class Desk:
    """A small ticket system that looks for tickets by their key, makes the same twice if asked twice, and is read back."""

    key = "desk"
    label = "Desk"
    about = "For the tests."
    fields = (Field("url", "Address", kind="address"), Field("token", "Token", kind="secret"))
    most_devices: int | None = 3
    look_up_after = 0.0
    reads_back = True
    timeout = 0.3

    def test(self, connection: Connection) -> list[Finding]:
        return [Finding("Address", True, connection["url"]), Finding("Token", bool(connection["token"]), "Enter one.")]

    def find(self, connection: Connection, request: Request) -> Made | None:
        found = self._ask(connection, "GET", f"/tickets?key={request.key}")
        return Made(found["id"], f"{connection['url']}/{found['id']}") if found else None

    def create(self, connection: Connection, request: Request) -> Made:
        devices = [device.machine_id for device in request.devices]
        sent = {"key": request.key, "title": request.title, "devices": devices, "of": request.device_total}
        made = self._ask(connection, "POST", "/tickets", sent)
        return Made(made["id"], f"https://desk.example.org/{made['id']}")

    def read(self, connection: Connection, external_id: str) -> Reading:
        found = self._ask(connection, "GET", f"/tickets/{external_id}")
        return Reading(found["state"], found["notes"], found["state"].title())

    def tell(self, connection: Connection, external_id: str, *, key: str, event: str, note: str) -> None:
        self._ask(connection, "POST", f"/tickets/{external_id}/notes", {"key": key, "event": event, "note": note})

    def _ask(self, connection: Connection, method: str, path: str, sent: Any = None) -> Any:
        try:
            with guard.client(connection, base_url=connection["url"], timeout=self.timeout) as client:
                answer = client.request(method, path, json=sent)
        except httpx.ConnectError as error:
            raise TryLater("It is not there.") from error
        except httpx.HTTPError as error:
            raise Unsure("It broke off.") from error
        if answer.status_code == 429:
            raise TryLater("Too many.", wait=float(answer.headers.get("Retry-After", 0)))
        if answer.status_code in (400, 401, 404):
            raise Refused(f"It answered with {answer.status_code}.")
        if answer.status_code != 200:
            raise Unsure(f"It answered with {answer.status_code}.")
        return answer.json()
