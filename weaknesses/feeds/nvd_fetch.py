"""How NVD data arrives: year files once, then the API for what changed since; or a mirror of the files.

The API answers at most 120 days of changes and 2,000 records at a time. A window is walked page by page; the
page that comes next is remembered after each, so that a broken walk goes on where it stopped.
Source: https://nvd.nist.gov/developers/start-here (pauses, key), https://nvd.nist.gov/vuln/data-feeds (files).
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from weaknesses.errors import FeedUnavailable
from weaknesses.feeds import reading
from weaknesses.feeds.base import Delivery, FeedKind
from weaknesses.feeds.fetch import Fetcher

FILES = "https://nvd.nist.gov/feeds/json/cve/2.0/"
API = "https://services.nvd.nist.gov/rest/json/cves/2.0"
FIRST_YEAR = 2002  # the file of 2002 holds everything before it, too
PAGE = 2000
LONGEST_WINDOW = dt.timedelta(days=119)
OVERLAP = dt.timedelta(hours=2)  # changes published while a window was being read
SOONEST = dt.timedelta(minutes=10)  # between two looks at the API
BEHIND = dt.timedelta(days=2)  # a year file is made anew every day, so it is never further behind
_API = "api"


def fetch(fetcher: Fetcher, feed: FeedKind) -> Iterator[Delivery]:
    """Files from a mirror of files, else the files once, and changes by API. A mirror of the API serves alone."""
    if fetcher.mirror.rstrip("/").endswith("/cves/2.0"):
        yield from _changes(fetcher, fetcher.mirror.rstrip("/"))
    elif fetcher.mirror:
        yield from _files(fetcher, f"{fetcher.mirror.rstrip('/')}/", feed, again=True)
    else:
        yield from _files(fetcher, FILES, feed, again=False)
        yield from _changes(fetcher, API)


def _files(fetcher: Fetcher, base: str, feed: FeedKind, *, again: bool) -> Iterator[Delivery]:
    """Year files whose `.meta` names another content than the one stored; `again`: also those read once before."""
    names = [str(year) for year in range(FIRST_YEAR, fetcher.now.year + 1)]
    for part in [*names, "modified", "recent"] if again else names:
        name = f"nvdcve-2.0-{part}.json.gz"
        known = fetcher.memory.get(name, {})
        if known.get("until") and not again:
            continue
        meta = _meta(fetcher.text(f"{base}nvdcve-2.0-{part}.meta"))
        if known.get("done") and meta["sha256"] and known.get("content") == meta["sha256"]:
            continue
        download = fetcher.download(name, base + name, known=known if known.get("done") else {})
        if download is None:
            continue
        _check(download.path, meta["sha256"], name)
        stated = feed.stated(reading.head(download.path), name)
        memory = {**download.memory, "content": meta["sha256"], "until": _complete_until(meta, fetcher.now)}
        yield Delivery(name=name, path=download.path, digest=download.digest, stated=stated, memory=memory)


def _meta(text: str) -> dict[str, str]:
    found = dict(re.findall(r"^(\w+):(\S+)\s*$", text, flags=re.MULTILINE))
    return {**found, "sha256": found.get("sha256", "").lower()}


def _complete_until(meta: Mapping[str, str], now: dt.datetime) -> str:
    try:
        made = reading.moment(meta.get("lastModifiedDate"))
    except ValueError:
        made = None
    return max(made or now - BEHIND, now - BEHIND).isoformat()


def _check(path: Path, expected: str, name: str) -> None:
    """The `.meta` states the SHA-256 of the unpacked file."""
    digest = hashlib.sha256()
    try:
        with reading.unpacked(path) as stream:
            while chunk := stream.read(2**20):
                digest.update(chunk)
    except reading.BROKEN as error:
        raise FeedUnavailable(f"{name} arrived damaged: {error}") from error
    if expected and digest.hexdigest() != expected:
        raise FeedUnavailable(f"{name} is not the file that its .meta describes; it may be changing right now.")


@dataclass(frozen=True, slots=True)
class _Window:
    """Changes between two moments (`since` None: everything there is), read up to record `index`."""

    since: dt.datetime | None
    until: dt.datetime
    index: int = 0


def _changes(fetcher: Fetcher, address: str) -> Iterator[Delivery]:
    """Everything modified since the last completed window, in windows; without one, everything."""
    state = fetcher.memory.get(_API, {})
    if state.get("address") != address:
        state = {}
    window = _unfinished(state) or _next(_known_until(fetcher.memory, state), fetcher.now)
    while window:
        yield from _walk(fetcher, address, window)
        window = _next(window.until, fetcher.now)


def _unfinished(state: Mapping[str, Any]) -> _Window | None:
    if "next" not in state:
        return None
    return _Window(reading.moment(state["from"]), dt.datetime.fromisoformat(state["to"]), int(state["next"]))


def _next(known_until: dt.datetime | None, now: dt.datetime) -> _Window | None:
    if known_until is None:
        return _Window(None, now)
    if now - known_until < SOONEST:
        return None
    since = known_until - OVERLAP
    return _Window(since, min(now, since + LONGEST_WINDOW))


def _known_until(memory: Mapping[str, Mapping[str, Any]], state: Mapping[str, Any]) -> dt.datetime | None:
    """Up to when changes are known: the end of the last window, else the oldest of the year files."""
    if state.get("until"):
        return dt.datetime.fromisoformat(str(state["until"]))
    return min((dt.datetime.fromisoformat(str(entry["until"])) for entry in memory.values() if entry.get("until")), default=None)


def _walk(fetcher: Fetcher, address: str, window: _Window) -> Iterator[Delivery]:
    headers = {"apiKey": fetcher.key} if fetcher.key else {}
    index, total = window.index, window.index + 1
    while index < total:
        if index > window.index:
            fetcher.pause()
        download = fetcher.download("nvd-page.json", address, parameters=_parameters(window, index), headers=headers)
        total, step = _envelope(download.path if download else None, address)
        index += step
        yield Delivery(name=_API, path=fetcher.folder / "nvd-page.json", memory=_reached(address, window, index, total))


def _parameters(window: _Window, index: int) -> dict[str, str]:
    parameters = {"startIndex": str(index), "resultsPerPage": str(PAGE)}
    if window.since is None:
        return parameters
    return {**parameters, "lastModStartDate": _written(window.since), "lastModEndDate": _written(window.until)}


def _reached(address: str, window: _Window, index: int, total: int) -> dict[str, Any]:
    if index >= total:
        return {"address": address, "until": window.until.isoformat()}
    since = window.since.isoformat() if window.since else ""
    return {"address": address, "from": since, "to": window.until.isoformat(), "next": index}


def _written(moment: dt.datetime) -> str:
    return moment.astimezone(dt.UTC).isoformat(timespec="milliseconds")


def _envelope(path: Path | None, address: str) -> tuple[int, int]:
    """Records in all, and on this page, which stand before the records. Raises FeedUnavailable for anything else."""
    try:
        if path is None:
            raise ValueError("an unconditional request was answered as unchanged")
        head = path.read_bytes()[:4096]
        total, step = (int(re.search(rb'"%s"\s*:\s*([0-9]+)' % field, head)[1]) for field in (b"totalResults", b"resultsPerPage"))  # type: ignore[index]
        if total and not step:
            raise ValueError("a page without records")
        return total, max(1, step)
    except (OSError, ValueError, TypeError) as error:
        raise FeedUnavailable(f"{address} answered something that is not a page of vulnerabilities.") from error
