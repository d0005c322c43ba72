"""The versions of a large fleet in the database, and the lines of slots of each kind of machine made from them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from inventory import aliases, bulk
from inventory.identities import identify
from inventory.models import Configuration
from inventory.records import InstalledSoftware
from tvm_portal.demo import checks, tail
from tvm_portal.demo.assortment import DEEP, FINE, LAGS, Kind, Line, Lines, line_of, result_end, version_end
from tvm_portal.demo.catalogue import Package, version_shares
from tvm_portal.demo.chance import share
from tvm_portal.demo.known_products import known_products
from tvm_portal.demo.organisation import LATE_DAYS, ROLES, Roster
from tvm_portal.demo.shipped import catalogue
from tvm_portal.demo.tail import FAMILIES, SHELVES, Offer

EACH = 100  # installations of a machine
FILLED = 0.97  # of the machines have something of a shelf
_BATCH = 5_000


@dataclass(frozen=True)
class Stock:
    """`software`, `results`: the lines of each kind; the first of `software` is the system. `systems`: end of a row -> its version."""

    software: dict[Kind, Lines] = field(default_factory=dict)
    results: dict[Kind, Lines] = field(default_factory=dict)
    systems: dict[bytes, tuple[str, str]] = field(default_factory=dict)


def make(roster: Roster, *, now: dt.datetime, stamp: dt.date) -> Stock:
    """`stamp`: the day of the intelligence that corresponds to now."""
    return _Stocking(roster, now, stamp).stock()


class _Stocking:
    def __init__(self, roster: Roster, now: dt.datetime, stamp: dt.date) -> None:
        self._roster, self._now, self._stamp = roster, now, stamp
        wanted, known = tail.versions_wanted(roster.count), known_products()
        self._shelves = {
            family: tail.shelves(family, wanted=round(wanted * part), known=known, seed=roster.seed) for family, part in FAMILIES.items()
        }
        self._ids: dict[tuple[str, InstalledSoftware], int] = {}
        self._tails: dict[tuple[str, bool], list[Line]] = {}

    def stock(self) -> Stock:
        stock = Stock()
        kinds = list(_kinds(late=self._roster.days > 0))
        self._resolve(self._records(kinds))
        ids = dict(Configuration.objects.filter(source="demo").values_list("external_id", "pk"))
        for kind in kinds:
            stock.software[kind] = Lines.of(self._software(kind, stock))
            stock.results[kind] = Lines.of(self._results(kind, ids))
        return stock

    def _records(self, kinds: list[Kind]) -> Iterator[tuple[str, InstalledSoftware]]:
        for kind in kinds:
            for package, _ in _packages(kind):
                for release in package.releases:
                    yield _system(kind), _record(package, release.version)
            for shelf in self._shelves[kind.family]:
                yield from ((_shared(kind), offer.record) for offer in shelf)

    def _resolve(self, wanted: Iterable[tuple[str, InstalledSoftware]]) -> None:
        """The ids of all versions. Records that come to the same version are one: only the first gets its id."""
        taken: set[int] = set()
        book = aliases.current()
        distinct = list(dict.fromkeys(wanted))
        for batch in (distinct[start : start + _BATCH] for start in range(0, len(distinct), _BATCH)):
            identities = {key: identify(key[1], machine_platform=key[0], aliases=book) for key in batch}
            found = bulk.resolve_versions(list(dict.fromkeys(identities.values())), now=self._now)
            for key, identity in identities.items():
                version = found[identity].version_id
                if version not in taken:
                    taken.add(version)
                    self._ids[key] = version

    def _software(self, kind: Kind, stock: Stock) -> Iterator[Line]:
        real = 0.0
        for package, part in sorted(_packages(kind), key=lambda found: found[0].ecosystem != "os"):
            choices = list(self._versions(kind, package))
            if package.ecosystem == "os":
                stock.systems.update({end: (package.name, version) for end, _, version in choices})
            yield line_of([(end, weight) for end, weight, _ in choices], size=FINE, filled=part)
            real += part
        yield from self._tail(kind)[: min(SHELVES, max(10, round((EACH - real) / FILLED)))]

    def _versions(self, kind: Kind, package: Package) -> Iterator[tuple[bytes, float, str]]:
        for release, part in version_shares(package, lag=kind.days, day=self._stamp):
            version = self._ids.get((_system(kind), _record(package, release.version)))
            if version is not None:
                arrived = self._now - (self._stamp - release.day) + dt.timedelta(days=kind.days)
                yield version_end(version, self._within(kind, arrived)), part, release.version

    def _tail(self, kind: Kind) -> list[Line]:
        """Shared by all kinds of a family that are there as long."""
        key = (kind.family, kind.late)
        if key not in self._tails:
            self._tails[key] = [self._shelf(kind, shelf) for shelf in self._shelves[kind.family]]
        return self._tails[key]

    def _shelf(self, kind: Kind, shelf: list[Offer]) -> Line:
        choices = []
        for offer in shelf:
            version = self._ids.get((_shared(kind), offer.record))
            if version is not None:
                age = dt.timedelta(days=400 * share(self._roster.seed, offer.record.name, offer.record.version, "arrived"))
                choices.append((version_end(version, self._within(kind, self._now - age)), offer.weight))
        size = min(DEEP, max(FINE, 1 << (len(choices) * 64).bit_length()))
        return line_of(choices, size=size, filled=FILLED if choices else 0, rarest=True)

    def _results(self, kind: Kind, ids: dict[str, int]) -> Iterator[Line]:
        for check in checks.catalogue():
            if kind.family in check.families:
                changed = self._within(kind, self._now - dt.timedelta(days=60 * share(self._roster.seed, check.external_id, kind.lag)))
                ends = [(result_end(ids[check.external_id], passed, changed), part) for passed, part in _chances(check.passing)]
                yield line_of(ends, size=FINE, filled=1)

    def _within(self, kind: Kind, moment: dt.datetime) -> dt.datetime:
        """Not before machines of the kind first reported, and not today."""
        days = LATE_DAYS if kind.late else self._roster.days
        return max(min(moment, self._now - dt.timedelta(hours=26)), self._now - dt.timedelta(days=max(days, 2)))


def _chances(passing: float) -> tuple[tuple[bool, float], tuple[bool, float]]:
    return (True, passing), (False, 1 - passing)


def _kinds(*, late: bool) -> Iterator[Kind]:
    for place, role in enumerate(ROLES):
        for platform, _ in role.platforms:
            for lag in range(LAGS):
                yield Kind(place, platform, lag, late=False)
                if late and role.name == "field":
                    yield Kind(place, platform, lag, late=True)


def _packages(kind: Kind) -> list[tuple[Package, float]]:
    shelf = catalogue().by_platform
    found = [package for platform in (kind.platform, kind.family) for package in shelf.get(platform, ())]
    return [(package, package.on_servers if kind.is_server else package.on_workstations) for package in found]


def _record(package: Package, version: str) -> InstalledSoftware:
    return InstalledSoftware(package.ecosystem, package.name, version, package.vendor)


def _system(kind: Kind) -> str:
    """The platform as machines report it."""
    return kind.platform if kind.family == "linux" else kind.family


def _shared(kind: Kind) -> str:
    """A platform that stands for all of a family: applications are told apart by family only."""
    return "debian-12" if kind.family == "linux" else kind.family
