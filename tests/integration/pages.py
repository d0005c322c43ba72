"""What tests of pages share: asking, and looking at what came."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

LARGEST = 150_000


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.words: list[str] = []
        self.hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag == "a" and found.get("href"):
            self.links.append(str(found["href"]))
        self.hidden += tag in {"script", "style"}

    def handle_endtag(self, tag: str) -> None:
        self.hidden -= tag in {"script", "style"}

    def handle_data(self, data: str) -> None:
        if not self.hidden:
            self.words.append(data)


def _read(response: Any) -> _Reader:
    reader = _Reader()
    reader.feed(response.content.decode())
    return reader


def text(response: Any) -> str:
    """The words of a page, blanks folded."""
    return " ".join(" ".join(_read(response).words).split())


def links(response: Any) -> Iterator[str]:
    """Addresses on the page that stay in the portal, without fragments."""
    for link in _read(response).links:
        if not re.match(r"[a-z]+:|//|#", link):
            yield link.split("#")[0]


def queries(client: Client, address: str) -> int:
    """How many statements an answer takes, once what is kept for a minute is there; the least of two, as the minute may end meanwhile."""
    client.get(address)
    counts = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as found:
            response = client.get(address)
        assert response.status_code == 200, address
        counts.append(len(found))
    return min(counts)


def csv_lines(client: Client, address: str) -> list[str]:
    response: Any = client.get(address)
    assert response.status_code == 200, address
    assert response["Content-Type"].startswith("text/csv")
    content = b"".join(response.streaming_content)
    return content.decode("utf-8-sig").splitlines()
