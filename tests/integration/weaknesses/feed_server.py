"""A publisher on the loopback: files with validators, the NVD API with pages, and the ways both fail."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.unit.weaknesses.feed_samples import nvd_file


@dataclass
class Publisher:
    """What is published, and what goes wrong: `trouble` is taken from the front, one entry per request.

    An entry is a status code, (status, Retry-After), or "cut" for an answer that stops half way.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    records: list[dict[str, Any]] = field(default_factory=list)
    page: int = 2
    trouble: list[Any] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    address: str = ""
    nonsense: bytes = b""

    def api_page(self, query: dict[str, list[str]]) -> bytes:
        start = int(query["startIndex"][0])
        return nvd_file(*self.records[start : start + self.page], total=len(self.records), start=start)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    publisher: Publisher

    def do_GET(self) -> None:
        publisher = self.publisher
        publisher.asked.append(self.path)
        publisher.headers.append({name.lower(): value for name, value in self.headers.items()})
        trouble = publisher.trouble.pop(0) if publisher.trouble else None
        parts = urlsplit(self.path)
        if isinstance(trouble, int | tuple):
            self.fail(trouble)
        elif parts.path.endswith("/cves/2.0"):
            self.answer(publisher.nonsense or publisher.api_page(parse_qs(parts.query)), cut=trouble == "cut")
        elif parts.path in publisher.files:
            self.publish(publisher.files[parts.path], cut=trouble == "cut")
        else:
            self.fail(404)

    def publish(self, content: bytes, *, cut: bool) -> None:
        tag = f'"{hashlib.sha256(content).hexdigest()[:16]}"'
        if self.headers.get("If-None-Match") == tag:
            self.fail(304)
        else:
            self.answer(content, cut=cut, tag=tag)

    def answer(self, content: bytes, *, cut: bool, tag: str = "") -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        if tag:
            self.send_header("ETag", tag)
        self.end_headers()
        self.wfile.write(content[: len(content) // 2] if cut else content)
        self.close_connection = cut

    def fail(self, trouble: int | tuple[int, str]) -> None:
        status, wait = trouble if isinstance(trouble, tuple) else (trouble, "")
        self.send_response(status)
        if wait:
            self.send_header("Retry-After", wait)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        pass


@contextmanager
def publishing(publisher: Publisher) -> Iterator[Publisher]:
    """Serve on a free port of the loopback."""
    handler = type("Handler", (_Handler,), {"publisher": publisher})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    publisher.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield publisher
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
