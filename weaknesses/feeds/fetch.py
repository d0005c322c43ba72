"""Downloads: conditional, streamed to disk, tried again with patience. Proxies are those of the environment."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt

from weaknesses.errors import FeedError, FeedMissing, FeedUnavailable
from weaknesses.feeds import reading
from weaknesses.feeds.base import Delivery, FeedKind

AGENT = "TVM-Portal (vulnerability feed reader)"
LARGEST_DOWNLOAD = 4 * 2**30  # bytes
LONGEST_WAIT = 300.0  # seconds between two tries, whatever the publisher asks for
TRIES = 6
# 403 is how the NVD answers too many requests; publishers behind a CDN answer 5xx for minutes.
_PASSING = {403, 408, 425, 429, 500, 502, 503, 504}


class _TryAgain(Exception):
    def __init__(self, sentence: str, wait: float | None = None) -> None:
        super().__init__(sentence)
        self.wait = wait


@dataclass(frozen=True, slots=True)
class Download:
    path: Path
    digest: str
    memory: dict[str, Any]  # ETag and Last-Modified as the publisher gave them


class Fetcher:
    """What a feed needs to download: a client, a folder for files, and what is remembered of the last time.

    `memory`: name -> what was remembered of that file. `mirror`: an address that replaces the publisher's.
    `pause`: seconds between two pages, and the base of the back-off. Use as a context manager.
    """

    def __init__(
        self,
        *,
        folder: Path,
        memory: Mapping[str, Mapping[str, Any]],
        mirror: str,
        now: dt.datetime,
        pause: float,
        key: str = "",
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.folder = folder
        self.memory = memory
        self.mirror = mirror
        self.now = now
        self.key = key
        self._pause = pause
        self._sleep = sleep
        self._client = httpx.Client(headers={"User-Agent": AGENT}, timeout=httpx.Timeout(60, connect=20))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._client.close()

    def pause(self) -> None:
        self._sleep(self._pause)

    def address(self, published: str) -> str:
        """The published address, or the same file at the mirror (a folder, ending in "/", or the file itself)."""
        if not self.mirror:
            return published
        return self.mirror + published.rsplit("/", 1)[1] if self.mirror.endswith("/") else self.mirror

    def text(self, address: str) -> str:
        """A small text file; "" where there is none (mirrors rarely copy them). Raises FeedUnavailable for other trouble."""
        try:
            download = self.download("text", address)
        except FeedMissing:
            return ""
        return download.path.read_bytes()[:65536].decode("utf-8", "replace") if download else ""

    def download(
        self,
        name: str,
        address: str,
        *,
        parameters: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        known: Mapping[str, Any] | None = None,
    ) -> Download | None:
        """Download to a file. None where the publisher says that what is `known` is still current.

        Raises FeedUnavailable after the last try, or at once for an answer that will not get better.
        """
        if not address.startswith(("https://", "http://")):
            raise FeedError(f"{address!r} is not an http or https address.")
        conditions = {**(headers or {}), **_conditions(known or {})}
        tries = Retrying(
            stop=stop_after_attempt(TRIES), wait=self._wait, retry=retry_if_exception_type(_TryAgain), sleep=self._sleep, reraise=True
        )
        try:
            return tries(self._once, name, address, dict(parameters or {}), conditions)
        except _TryAgain as error:
            raise FeedUnavailable(f"{error} Tried {TRIES} times.") from error

    def _wait(self, state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        asked = error.wait if isinstance(error, _TryAgain) else None
        return min(LONGEST_WAIT, asked if asked is not None else self._pause * 2 ** (state.attempt_number - 1))

    def _once(self, name: str, address: str, parameters: dict[str, str], headers: dict[str, str]) -> Download | None:
        try:
            # A key must not travel on to where an answer leads.
            follow = "apiKey" not in headers
            with self._client.stream("GET", address, params=parameters or None, headers=headers, follow_redirects=follow) as response:
                return self._answer(name, address, response)
        except httpx.TransportError as error:
            raise _TryAgain(f"{address} does not answer ({type(error).__name__}: {error}).") from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise FeedUnavailable(f"{address} cannot be read: {error}.") from error

    def _answer(self, name: str, address: str, response: httpx.Response) -> Download | None:
        if response.status_code == 304:
            return None
        if response.status_code in _PASSING:
            raise _TryAgain(f"{address} answered {response.status_code}.", _asked_to_wait(response, self.now))
        if response.status_code == 404:
            raise FeedMissing(f"{address} answered 404.")
        if response.url.scheme == "http" and address.startswith("https://"):
            raise FeedUnavailable(f"{address} leads to an address without https.")
        if response.status_code != 200:
            raise FeedUnavailable(f"{address} answered {response.status_code}.")
        path = self.folder / re.sub(r"[^A-Za-z0-9._-]", "_", name)
        digest, size = hashlib.sha256(), 0
        with path.open("wb") as file:
            for chunk in response.iter_bytes(2**17):
                size += len(chunk)
                if size > LARGEST_DOWNLOAD:
                    raise FeedUnavailable(f"{address} is larger than the portal accepts.")
                digest.update(chunk)
                file.write(chunk)
        validators = {"etag": response.headers.get("ETag", ""), "modified": response.headers.get("Last-Modified", "")}
        return Download(path=path, digest=digest.hexdigest(), memory=validators)


def one_per_address(fetcher: Fetcher, feed: FeedKind) -> Iterator[Delivery]:
    """The standard way: one conditional request for each address. Nothing for a file that did not change."""
    for name, published in feed.addresses:
        address = fetcher.address(published)
        known = fetcher.memory.get(name, {})
        download = fetcher.download(name, address, known=known if known.get("address") == address else {})
        if download:
            stated = feed.stated(reading.head(download.path), "") or fetcher.now.isoformat()
            yield Delivery(
                name=name, path=download.path, digest=download.digest, stated=stated, memory={**download.memory, "address": address}
            )


def _conditions(known: Mapping[str, Any]) -> dict[str, str]:
    headers = {}
    if known.get("etag"):
        headers["If-None-Match"] = str(known["etag"])
    if known.get("modified"):
        headers["If-Modified-Since"] = str(known["modified"])
    return headers


def _asked_to_wait(response: httpx.Response, now: dt.datetime) -> float | None:
    """Seconds of Retry-After: a number, or a date (RFC 9110, 10.2.3)."""
    asked = response.headers.get("Retry-After", "").strip()
    if asked.isdecimal():
        return float(asked)
    try:
        return max(0.0, (parsedate_to_datetime(asked) - now).total_seconds()) if asked else None
    except (ValueError, TypeError):
        return None
