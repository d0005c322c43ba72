"""What a source format says about machines, before anything is stored. Parsers make these from bytes."""

from __future__ import annotations

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
    binary package goes to `evidence`. `cpe` is a CPE 2.3 name when the report carries one.
    """

    ecosystem: str
    name: str
    version: str
    vendor: str = ""
    cpe: str = ""
    platform: str = ""  # distribution and release the package is from; empty: the machine's own
    evidence: tuple[str, ...] = ()
    _hash: int = field(init=False, repr=False, compare=False, default=0)

    def __post_init__(self) -> None:
        said = (self.ecosystem, self.name, self.version, self.vendor, self.cpe, self.platform, self.evidence)
        object.__setattr__(self, "_hash", hash(said))

    def __hash__(self) -> int:
        """Kept, as a record shared by a thousand machines is looked up thousands of times."""
        return self._hash


@dataclass(frozen=True, slots=True)
class Rejected:
    """A record that could not be used: where, why, and its beginning."""

    place: str
    reason: str
    excerpt: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """A snapshot of one machine. What is absent from an ecosystem in `covers` is gone from the machine.

    An entry of `covers` is an ecosystem, or an ecosystem and a vendor where several collectors share one
    ("other/homebrew"). Software outside `covers` is only added.

    `machine.external_id` may be empty where the format names no host; the caller then gives one, and
    `fallback_id` is used where it does not. `removed` is what a differential report says went away;
    a snapshot leaves it empty.
    """

    machine: MachineFacts
    software: tuple[InstalledSoftware, ...] = ()
    covers: frozenset[str] = frozenset()
    rejected: tuple[Rejected, ...] = field(default=())
    removed: tuple[InstalledSoftware, ...] = ()
    fallback_id: str = ""


Reports = Iterator[Report | Rejected]
