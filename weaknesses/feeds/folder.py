"""Feeds from a folder: a mirror that somebody carries in, whatever its layout."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from weaknesses.errors import FeedError
from weaknesses.feeds import reading
from weaknesses.feeds.base import Delivery, FeedKind


def deliveries(folder: Path, feed: FeedKind) -> Iterator[Delivery]:
    """The files of this feed below the folder: newest first, and of a complete listing only the newest.

    Newest first, because an older record never overwrites a newer one: what comes later is mostly skipped.
    Raises FeedError where there is no such folder or no such file.
    """
    found = files(folder, feed)
    if not found:
        raise FeedError(f"There is no file of this feed in {folder} (looked for {', '.join(feed.patterns)}).")
    for stated, path in found[:1] if feed.complete else found:
        yield Delivery(name=path.relative_to(folder).as_posix(), path=path, digest=_digest(path), stated=stated)


def files(folder: Path, feed: FeedKind) -> list[tuple[str, Path]]:
    """When each file of this feed says it was made, and where it is. Raises FeedError where there is no such folder."""
    if not folder.is_dir():
        raise FeedError(f"There is no folder {folder}.")
    found = []
    for path in sorted(folder.rglob("*")):
        if feed.fits(path.name) and path.is_file():
            head = reading.head(path)
            if feed.looks_right(head):
                found.append((feed.stated(head, path.name), path))
    found.sort(key=lambda entry: entry[0], reverse=True)
    return found


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
