"""What a source format says about machines, before anything is stored. Parsers make these from bytes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class MachineFacts:
    """Who the machine is. Empty text: the report does not say, and what is known stays."""

    external_id: str
    name: str = ""
    domain: str = ""
    family: str = ""  # windows, macos, linux, other
    platform: str = ""  # windows, macos, or distribution and release: debian-12, ubuntu-22.04, rhel-9
    os_name: str = ""
    os_version: str = ""
    os_build: str = ""
    architecture: str = ""
    ip_addresses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class InstalledSoftware:
    """One installed thing as reported. `ecosystem` is a Software.Ecosystem value.

    For distribution packages `name` and `version` are the SOURCE package's and its version, and the
    binary package goes to `evidence`. `cpe` is a CPE 2.3 name when the report carries one. An operating system
    without a name is the machine's own, whichever that is, and only adds evidence to it.
    """

    ecosystem: str
    name: str
    version: str
    vendor: str = ""
    cpe: str = ""
    platform: str = ""  # distribution and release the package is from; empty: the machine's own
    evidence: tuple[str, ...] = ()
    package: str = ""  # the binary package, where its version is its source's: advisories that name it are about this software
    identifier: str = ""  # what its maker calls it: the bundle identifier of a macOS app, the id of a browser's extension
    _hash: int = field(init=False, repr=False, compare=False, default=0)

    def __post_init__(self) -> None:
        said = (self.ecosystem, self.name, self.version, self.vendor, self.cpe, self.platform, self.evidence, self.package)
        object.__setattr__(self, "_hash", hash((*said, self.identifier)))

    @property
    def part(self) -> str:
        """What a report that is complete for this kind of software says it covers."""
        return f"other/{self.vendor}" if self.ecosystem == "other" else self.ecosystem

    def __hash__(self) -> int:
        """Kept, as a record shared by a thousand machines is looked up thousands of times."""
        return self._hash


@dataclass(frozen=True, slots=True)
class Check:
    """A configuration check as a report's catalogue describes it. `category`: a Configuration.Category value; `impact`: 1 to 10."""

    source: str  # the collector: xccdf, wazuh-sca, fleet
    external_id: str  # unique in the source; where its checks come in benchmarks: BENCHMARK/RULE
    name: str
    category: str
    impact: int
    subcategory: str = ""
    description: str = ""
    risk: str = ""
    remediation: str = ""
    cce: str = ""
    benchmarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CheckResult:
    """An applicable check on the machine. `source` and `external_id` are its Check's."""

    source: str
    external_id: str
    passed: bool


@dataclass(frozen=True, slots=True)
class AlertRecord:
    """An alert on the machine. `external_id` is unique among all alerts of `source`; `severity`: critical, high, medium, low, info.

    A closed alert opens again only where it is said to have opened after that.
    """

    source: str
    external_id: str
    title: str
    severity: str
    opened_at: dt.datetime
    closed_at: dt.datetime | None = None
    cve: str = ""


@dataclass(frozen=True, slots=True)
class FindingRecord:
    """What another scanner found on the machine: a second opinion, which never decides.

    `about` is the software it speaks of, and one of the report's `software`.
    """

    source: str  # the scanner: trivy, grype, wazuh, fleet
    weakness: str  # CVE, else the advisory's id
    about: InstalledSoftware
    severity: str = ""
    fixed: str = ""


@dataclass(frozen=True, slots=True)
class Rejected:
    """A record that could not be used: where, why, and its beginning."""

    place: str
    reason: str
    excerpt: str = ""


@dataclass(frozen=True, slots=True)
class Remark:
    """What a file is that rightly says nothing of any machine: it was read, and this is told."""

    text: str


@dataclass(frozen=True, slots=True)
class Report:
    """A snapshot of one machine. What is absent from an ecosystem in `covers` is gone from the machine.

    An entry of `covers` is an ecosystem, or an ecosystem and a vendor where several collectors share one
    ("other/homebrew"). Software outside `covers` is only added. "checks/SCOPE" makes the results whole for a collector
    (SCOPE is the results' source: "checks/fleet") or for one benchmark of it ("checks/xccdf/BENCHMARK": the results whose
    external id begins with BENCHMARK/), "findings/SOURCE" the second opinions of that scanner.
    `checks` is the catalogue that `results` refer to; a check known already may be left out, and a result of one that
    nobody described is. Alerts are only added and closed.

    `machine.external_id` may be empty where the format names no host; the caller then gives one, and
    `fallback_id` is used where it does not; `fallback_platform` likewise where nobody has said which release it runs.
    `removed` is what a differential report says went away; a snapshot leaves it empty.
    """

    machine: MachineFacts
    software: tuple[InstalledSoftware, ...] = ()
    covers: frozenset[str] = frozenset()
    rejected: tuple[Rejected, ...] = field(default=())
    removed: tuple[InstalledSoftware, ...] = ()
    fallback_id: str = ""
    fallback_platform: str = ""
    checks: tuple[Check, ...] = ()
    results: tuple[CheckResult, ...] = ()
    alerts: tuple[AlertRecord, ...] = ()
    findings: tuple[FindingRecord, ...] = ()


Reports = Iterator[Report | Rejected | Remark]
