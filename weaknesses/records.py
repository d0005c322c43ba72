"""What a feed says, before anything is stored. Feed parsers make these from bytes, one at a time."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class RangeRecord:
    """Affected versions of one product. `product` is a product key (cpe:a:vendor:product, deb:debian:openssl, pypi:x).

    Empty `start`/`end` are open bounds. An exact version is start = end, both included.
    `fixed`: first version without the weakness, empty where unknown or none.
    `platforms`: see AffectedRange. `requires`: product keys of an AND node that is not an operating system.
    """

    product: str
    start: str = ""
    start_included: bool = True
    end: str = ""
    end_included: bool = False
    fixed: str = ""
    platforms: tuple[str, ...] = ()
    qualifiers: tuple[tuple[str, str], ...] = ()
    requires: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WeaknessRecord:
    """One weakness as one source states it. None or empty: the source does not say, and what is known stays.

    `cve`: a CVE id, or the id of an advisory that has none (GHSA-..., MAL-...).
    `ranges` None: this source says nothing about ranges; an empty tuple withdraws what it said before.
    `part`: which of a source's publications speaks (a release, its notices). Each has a word of its own, so that the
    file of one release does not withdraw what that of another says; stored as source/part, 20 characters at most.
    """

    cve: str
    title: str = ""
    description: str = ""
    cvss: float | None = None
    cvss_vector: str = ""
    severity: int | None = None  # Weakness.Severity
    cwes: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    rejected: bool = False
    published_at: dt.datetime | None = None
    modified_at: dt.datetime | None = None
    ranges: tuple[RangeRecord, ...] | None = None
    exploitation: str = ""  # SSVC: none, poc, active
    automatable: bool | None = None
    technical_impact: str = ""  # SSVC: partial, total
    part: str = ""
    given_up_for: str = field(default="", repr=False)  # this id is none any more: the weakness is known by that one


@dataclass(frozen=True, slots=True)
class EpssRecord:
    cve: str
    score: float
    percentile: float


@dataclass(frozen=True, slots=True)
class EvidenceRecord:
    """An exploit, or exploitation in the wild, that a source records for a CVE. `level`: ExploitEvidence.Level."""

    cve: str
    reference: str
    level: int
    title: str = ""
    url: str = ""
    day: dt.date | None = None
    ransomware: bool = False
    due: dt.date | None = None
    action: str = ""


@dataclass(frozen=True, slots=True)
class CycleRecord:
    """A release line of a product. `ends_on` None with `ended` True: ended on an unknown day."""

    slug: str
    cycle: str
    product_keys: tuple[str, ...]
    released_on: dt.date | None = None
    ended: bool = False
    ends_on: dt.date | None = None
    latest: str = ""


@dataclass(frozen=True, slots=True)
class ThreatRecord:
    """A group, campaign or malware that is said to use a CVE. `kind`: ThreatInsight.Kind."""

    cve: str
    reference: str
    kind: str
    name: str
    summary: str = ""
    url: str = ""
    techniques: tuple[str, ...] = ()
    first_seen: dt.date | None = None
    last_seen: dt.date | None = None


@dataclass(frozen=True, slots=True)
class UpdateRecord:
    """A vendor's update of one product: cpe:o:microsoft:windows_11_23h2, KB number without prefix, the build it brings."""

    kb: str
    product: str
    fixed: str = ""
    title: str = ""
    released_on: dt.date | None = None
    url: str = ""
    cves: tuple[str, ...] = ()
    supersedes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Refused:
    """A record of a feed that could not be used: where, why, and its beginning."""

    place: str
    reason: str
    excerpt: str = field(default="")


FeedRecord = WeaknessRecord | EpssRecord | EvidenceRecord | CycleRecord | ThreatRecord | UpdateRecord | Refused
