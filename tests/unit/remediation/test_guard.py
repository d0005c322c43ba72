"""Where calls to typed addresses may go."""

from __future__ import annotations

import ipaddress
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from remediation.ticketing import guard
from remediation.ticketing.base import Connection, Refused, TryLater, Unsure

OWN = ["127.0.0.1", "127.9.9.9", "10.1.2.3", "172.16.0.1", "192.168.1.1", "100.64.0.1", "::1", "fd12::1", "::ffff:10.0.0.1",
       "::ffff:127.0.0.1", "64:ff9b::a00:1", "2002:a00:1::", "192.0.2.1", "240.0.0.1"]  # fmt: skip
NEVER = ["169.254.169.254", "169.254.1.1", "fe80::1", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::", "0.0.0.0", "::",
         "224.0.0.1", "ff02::1", "fd00:ec2::254", "100.100.100.200", "168.63.129.16"]  # fmt: skip
PUBLIC = ["8.8.8.8", "93.184.216.34", "2606:4700::1111", "::ffff:8.8.8.8"]


@pytest.mark.parametrize("text", OWN)
def test_the_own_network_is_called_only_where_that_is_meant(text: str) -> None:
    address = ipaddress.ip_address(text)
    assert guard.objection(address, allow_private=False)
    assert not guard.objection(address, allow_private=True)


@pytest.mark.parametrize("text", NEVER)
def test_some_addresses_are_never_called(text: str) -> None:
    for allowed in (True, False):
        assert guard.objection(ipaddress.ip_address(text), allow_private=allowed)


@pytest.mark.parametrize("text", PUBLIC)
def test_public_addresses_are_called(text: str) -> None:
    assert not guard.objection(ipaddress.ip_address(text), allow_private=False)


@pytest.mark.parametrize(
    "address",
    ["http://8.8.8.8/", "ftp://8.8.8.8/", "file:///etc/passwd", "https:///x", "8.8.8.8", "https://127.0.0.1/", "https://2130706433/",
     "https://0x7f.1/", "https://[::ffff:127.0.0.1]/", "https://localhost/", ""],
)  # fmt: skip
def test_what_is_typed_is_refused(address: str) -> None:
    with pytest.raises((Refused, TryLater)):
        guard.check(address, allow_private=False)


@pytest.fixture
def served() -> Iterator[tuple[str, list[str]]]:
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(f"{self.headers['Host']} {self.path}")
            moved, long = self.path == "/moved", self.path == "/long"
            self.send_response(302 if moved else 200)
            if moved:
                self.send_header("Location", "/other")
            self.end_headers()
            self.wfile.write(b"x" * (guard.LARGEST + 10 if long else 2))

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's own word
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}", asked
    server.shutdown()
    server.server_close()


def test_a_call_goes_to_the_judged_address_and_keeps_the_name(served: tuple[str, list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    """A name server that says something else a moment later changes nothing: it is asked once."""
    address, asked = served
    port = int(address.rsplit(":", 1)[1])
    answers, really = iter(["127.0.0.1", "169.254.169.254"]), socket.getaddrinfo

    def look_up(host: str, *rest: object, **more: object) -> object:
        return really(next(answers) if host == "desk.example.org" else host, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    with guard.client(Connection(allow_private=True)) as client:
        answer = client.get(f"http://desk.example.org:{port}/x")
    assert answer.text == "xx"
    assert asked == [f"desk.example.org:{port} /x"]
    assert next(answers) == "169.254.169.254"  # nobody asked again


def test_one_bad_address_spoils_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (text, 443)) for text in ("8.8.8.8", "10.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    with guard.client(Connection()) as client, pytest.raises(Refused, match="Inside the own network"):
        client.get("https://desk.example.org/")


def test_a_name_that_is_not_found_may_be_found_later(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    with guard.client(Connection()) as client, pytest.raises(TryLater, match="is not found"):
        client.get("https://desk.example.org/")


def test_redirects_are_not_followed_and_answers_end(served: tuple[str, list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    address, asked = served
    monkeypatch.setenv("HTTP_PROXY", "http://10.0.0.1:3128")
    with guard.client(Connection(allow_private=True), base_url=address) as client:
        assert client.get("/moved").status_code == 302
        with pytest.raises(Unsure, match="longer than"):
            client.get("/long")
        monkeypatch.setattr(guard, "WHOLE_WAIT", -1.0)
        with pytest.raises(Unsure, match="not whole"):
            client.get("/")
    assert [line.split()[1] for line in asked] == ["/moved", "/long", "/"]
    with guard.client(Connection()) as client, pytest.raises(Refused):
        client.get(address)
