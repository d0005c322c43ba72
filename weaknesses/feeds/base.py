"""What a feed is: the frame that every plug-in fills in, and what it hands over to be stored."""

from __future__ import annotations

import datetime as dt
import enum
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path, PurePath
from typing import IO, TYPE_CHECKING, Any

from weaknesses.records import FeedRecord

if TYPE_CHECKING:
    from weaknesses.feeds.fetch import Fetcher

Parse = Callable[[IO[bytes], str], Iterator[FeedRecord]]


class Store(enum.Enum):
    """Which kind of records a feed gives, and so which merge stores them."""

    WEAKNESSES = "weaknesses"
    SCORES = "scores"
    EVIDENCE = "evidence"
    CYCLES = "cycles"
    THREATS = "threats"
    UPDATES = "updates"  # and weaknesses with affected versions

    @property
    def states_ranges(self) -> bool:
        """Whether its feeds state affected versions."""
        return self in (Store.WEAKNESSES, Store.UPDATES)


class Topic(enum.Enum):
    """What a feed is about. The feeds screen lists them by topic, in this order."""

    VULNERABILITIES = "Vulnerabilities"
    EXPLOITS = "Exploits"
    THREATS = "Threats"
    DISTRIBUTIONS = "Distributions"
    REGISTRIES = "Package registries"
    SUPPORT = "Updates and support"


@dataclass(frozen=True, slots=True)
class Needs:
    """Software that machines must report for a feed to be of use, any one of it: `npm` (an ecosystem), `deb:debian` (and a vendor)."""

    software: tuple[str, ...]
    words: str  # packages of Debian


@dataclass(frozen=True, slots=True)
class Delivery:
    """One file of a feed, on disk and ready to be read.

    `name`: under which its state is remembered. `stated`: the moment the file says it was made, as text that
    orders; "" where it does not say. `digest`: SHA-256 of the file, by which it is known again; "" for a page,
    which is always stored. `memory`: what to remember once it is stored.
    """

    name: str
    path: Path
    digest: str = ""
    stated: str = ""
    memory: Mapping[str, Any] = field(default_factory=dict)


def date_in_name(head: bytes, name: str) -> str:
    """2026-03-16 of `listing-20260316.json.gz`; "" without a date."""
    found = re.search(r"(20[0-9]{2})-?([01][0-9])-?([0-3][0-9])", PurePath(name).name)
    return "-".join(found.groups()) if found else ""


def anything(head: bytes) -> bool:
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedKind:
    """A public source. `kind` also names the source of every record stored from it.

    patterns    file names by which a folder's files are recognised
    looks_right a look at the first bytes (unpacked), for names that several formats share
    parse       unpacked stream (an archive: packed, seekable) and file name -> records, one at a time
    complete    one file is the whole list: what it lacks is gone, and only the newest file counts
    replaces    levels of the shipped starter evidence that this list makes superfluous
    may_be_empty a file without a single usable record is in order
    stated      first bytes and file name -> when the file was made
    addresses   what to download, as (name to remember it by, address)
    fetch       how to download; the standard is one conditional request per address
    revision    raised when the parser learns more, so that known files are read again
    needs       software without which the schedule leaves it out; None: it is always of use
    opt_in      why the schedule leaves it out until a curator switches it on; "": it does not
    """

    kind: str
    label: str
    about: str
    home: str
    licence: str
    attribution: str
    taken: str
    topic: Topic
    store: Store
    parse: Parse
    patterns: tuple[str, ...]
    addresses: tuple[tuple[str, str], ...] = ()
    fetch: Callable[[Fetcher, FeedKind], Iterator[Delivery]] | None = None
    looks_right: Callable[[bytes], bool] = anything
    stated: Callable[[bytes, str], str] = date_in_name
    complete: bool = False
    replaces: tuple[int, ...] = ()
    may_be_empty: bool = False
    revision: int = 1
    needs: Needs | None = None
    opt_in: str = ""

    def fits(self, file_name: str) -> bool:
        """Whether a file of this name may belong to the feed."""
        return any(fnmatch(file_name.lower(), pattern) for pattern in self.patterns)


def score_day(stated: str, *, otherwise: dt.date) -> dt.date:
    """The day of a `stated` text."""
    try:
        return dt.date.fromisoformat(stated[:10])
    except ValueError:
        return otherwise
