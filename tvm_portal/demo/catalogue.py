"""Which versions of what exist since when, and which of them a demo machine carries on a day. Pure.

`weaknesses/starter/releases.tsv` holds real releases: product, version, day, platform. A machine installs a release
when its own lag has passed; some installations are forgotten and never move. So the state of any day can be told
without playing the days before.
"""

from __future__ import annotations

import bisect
import datetime as dt
import math
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from tvm_portal.demo.chance import share, spread
from tvm_portal.demo.organisation import DemoMachine

FORGOTTEN = 0.05  # of installations never move after the day they were made
SPREAD = 0.55  # of the logarithm of a delay


@dataclass(frozen=True, slots=True)
class Release:
    version: str
    day: dt.date


@dataclass(frozen=True, slots=True)
class Package:
    """Something a platform can have installed, with its releases in order of their days."""

    ecosystem: str
    name: str
    vendor: str
    platform: str
    on_workstations: float  # share that has it
    on_servers: float
    releases: tuple[Release, ...]


@dataclass(frozen=True)
class Catalogue:
    packages: tuple[Package, ...]

    @cached_property
    def by_platform(self) -> dict[str, list[Package]]:
        index: dict[str, list[Package]] = defaultdict(list)
        for package in self.packages:
            index[package.platform].append(package)
        return dict(index)

    def on(self, machine: DemoMachine, *, seed: int) -> Iterator[Package]:
        """The packages the machine has; which they are does not change."""
        for platform in (machine.platform, machine.family):
            for package in self.by_platform.get(platform, ()):
                part = package.on_servers if machine.is_server else package.on_workstations
                if share(seed, machine.name, package.name, "has") < part:
                    yield package


def version_on(package: Package, machine: DemoMachine, *, day: dt.date, seed: int) -> str | None:
    """The version of `package` on `machine` on `day`; None before its first release reached it."""
    days = [release.day for release in package.releases]
    newest = bisect.bisect_right(days, day) - 1
    if newest < 0:
        return None
    if share(seed, machine.name, package.name, "forgotten") < FORGOTTEN:
        newest = min(newest, int(share(seed, machine.name, package.name, "since") * len(days) * 0.7))
    for index in range(newest, -1, -1):
        release = package.releases[index]
        if index == 0 or release.day + _delay(package, machine, release, seed) <= day:
            return release.version
    return None


def _delay(package: Package, machine: DemoMachine, release: Release, seed: int) -> dt.timedelta:
    return dt.timedelta(days=spread(machine.lag, SPREAD, seed, machine.name, package.name, release.version))


def version_shares(package: Package, *, lag: float, day: dt.date) -> list[tuple[Release, float]]:
    """The share of machines with this lag that have each release on `day`: what `version_on` comes to over many machines."""
    out = [release for release in package.releases if release.day <= day]
    shares = [0.0] * len(out)
    left = 1.0 - FORGOTTEN
    for index in range(len(out) - 1, -1, -1):
        arrived = 1.0 if index == 0 else _arrived(((day - out[index].day).days + 1) / lag)  # delays end with their last day
        shares[index] = left * arrived
        left -= shares[index]
    never_moved = max(1, int(len(out) * 0.7))
    for index in range(min(never_moved, len(out))):
        shares[index] += FORGOTTEN / never_moved
    return list(zip(out, shares, strict=True))


def _arrived(lags: float) -> float:
    """Share of machines that have installed a release so many lags after its day."""
    return 0.5 * (1 + math.erf(math.log(lags) / SPREAD / math.sqrt(2))) if lags > 0 else 0.0
