"""The long tail of a large fleet: thousands of products of which each machine has some. Pure.

Part of it are real products of the loaded intelligence, in versions that it names; the rest is software of houses that do not exist,
without known weaknesses, as most of what an inventory finds. It is told apart in shelves: a machine takes at most one version from each.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from inventory.records import InstalledSoftware
from tvm_portal.demo.chance import share

SHELVES = 95  # of a family of systems
KNOWN_EVERY, DEEP_EVERY = 3, 4  # every so many shelves hold real products; every so many of the others are six times as deep
DEPTH = 6
STEEPNESS = 1.2
KEPT, KEPT_KNOWN = 0.6, 0.8  # machines with a version over those with the version that follows it
FAMILIES = {"windows": 0.6, "macos": 0.15, "linux": 0.25}
"""Family -> its part of the versions."""

VENDOR_MARK = "(demo)"
"""What the vendors of made-up software end with: it is never taken for anything real, and found again when the demo is removed."""

_HOUSES = (
    "Alster", "Brandwerder", "Deichtor", "Elbtal", "Fleetinsel", "Geest", "Hallig", "Jadebusen", "Kiekut", "Lotsenhaus",
    "Mastbaum", "Nordlicht", "Ostkai", "Priel", "Reede", "Seezeichen", "Tidenhub", "Uferweg", "Vorland", "Wattwerk",
)  # fmt: skip
_FORMS = ("Software", "Systems", "Labs", "Data", "Tools", "Digital", "Works", "Logic", "Apps", "Solutions", "Technik", "Informatik")
_SUBJECTS = (
    "Berth", "Cargo", "Claims", "Crane", "Customs", "Dock", "Draft", "Fleet", "Forms", "Freight", "Gate", "Invoice", "Label",
    "Ledger", "Manifest", "Meter", "Pallet", "Payroll", "Permit", "Pilot", "Quay", "Rail", "Roster", "Sample", "Shift", "Stock",
    "Survey", "Tariff", "Time", "Voyage", "Yard",
)  # fmt: skip
_PURPOSES = ("Planner", "Viewer", "Client", "Designer", "Agent", "Reader", "Studio", "Sync", "Monitor", "Assistant", "Exchange", "Archive")


@dataclass(frozen=True, slots=True)
class KnownProduct:
    """A product of the intelligence: "cpe:a:vendor:product" and versions that it names, the oldest first."""

    key: str
    versions: tuple[str, ...]

    def records(self) -> list[InstalledSoftware]:
        vendor, product = self.key.split(":")[2:4]
        cpe = f"cpe:2.3:a:{vendor}:{product}:*:*:*:*:*:*:*:*"
        return [InstalledSoftware("cpe", product, version, vendor, cpe=cpe) for version in self.versions]


@dataclass(frozen=True, slots=True)
class Offer:
    record: InstalledSoftware
    weight: float


def versions_wanted(machines: int) -> int:
    """How many versions a fleet of this size shows: they grow with its square root, and are 50,000 at a million."""
    return round(50 * math.sqrt(machines))


def shelves(family: str, *, wanted: int, known: Sequence[KnownProduct], seed: int) -> list[list[Offer]]:
    """The shelves of a family, with about `wanted` versions; the made-up ones are half of them at least."""
    made = _made_up(family, seed)
    of_known = range(0, SHELVES, KNOWN_EVERY)
    others = [number for number in range(SHELVES) if number not in of_known]
    made_up = max(wanted / 2, wanted - sum(len(product.versions) for product in known))
    usual = made_up / len(others) / (1 + (DEPTH - 1) / DEEP_EVERY)
    filled = {
        number: _weighted([product.records() for product in known[place :: len(of_known)]], KEPT_KNOWN)
        for place, number in enumerate(of_known)
    }
    for place, number in enumerate(others):
        depth = DEPTH if place % DEEP_EVERY == 0 else 1
        filled[number] = _weighted(_until(made, usual * depth), KEPT)
    return [filled[number] for number in range(SHELVES)]


def _until(products: Iterator[list[InstalledSoftware]], versions: float) -> list[list[InstalledSoftware]]:
    taken: list[list[InstalledSoftware]] = []
    while sum(map(len, taken)) < versions:
        taken.append(next(products))
    return taken


def _weighted(products: Sequence[Sequence[InstalledSoftware]], kept: float) -> list[Offer]:
    """Few products are widespread and most are rare; of each, the newest version is on most machines."""
    return [
        Offer(record, rank**-STEEPNESS * (1 - kept) * kept**age)
        for rank, versions in enumerate(products, start=1)
        for age, record in enumerate(reversed(versions))
    ]


def _made_up(family: str, seed: int) -> Iterator[list[InstalledSoftware]]:
    """Products without end, each with its versions in order."""
    houses = len(_HOUSES) * len(_FORMS)
    for number in range(len(_SUBJECTS) * houses * len(_PURPOSES)):
        house = number % houses
        vendor = f"{_HOUSES[house % len(_HOUSES)]} {_FORMS[house // len(_HOUSES)]} {VENDOR_MARK}"
        place = number // houses
        subject = _SUBJECTS[(house + place) % len(_SUBJECTS)]
        name = f"{subject} {_PURPOSES[(house + place // len(_SUBJECTS)) % len(_PURPOSES)]}"
        yield [InstalledSoftware("cpe", name, version, vendor) for version in _versions(family, number, seed)]


def _versions(family: str, number: int, seed: int) -> list[str]:
    count = 1 + int(9 * share(seed, family, number, "versions"))
    steps = accumulate(1 + int(3 * share(seed, family, number, step)) for step in range(count))
    major = 1 + int(13 * share(seed, family, number, "major"))
    return [f"{major}.{step // 4}.{step % 4}" for step in steps]
