"""The demo organisation: who owns which machines, how fast they patch, and what is installed where. Pure."""

from __future__ import annotations

import bisect
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate

from tvm_portal.demo.chance import pick, share

DOMAIN = "nordhafen.example"
LATE_DAYS = 22  # before the end, when the last site joined


@dataclass(frozen=True, slots=True)
class Role:
    """A kind of machine. `lag` is the median number of days between a release and its installation here."""

    name: str
    prefix: str
    part: float  # of the fleet
    platforms: tuple[tuple[str, float], ...]
    group: str
    lag: float
    value: int = 1
    internet_facing: bool = False
    tags: tuple[str, ...] = ()


ROLES = (
    Role("head office", "ho-ws", 0.40, (("windows-11", 0.86), ("windows-10", 0.14)), "Workstations, head office", 9),
    Role("head office macs", "ho-mac", 0.09, (("macos-15", 0.7), ("macos-14", 0.3)), "Workstations, head office", 12),
    Role("field", "fld-lt", 0.21, (("windows-11", 0.72), ("windows-10", 0.28)), "Workstations, field", 24, tags=("field",)),
    Role(
        "windows servers",
        "srv-win",
        0.08,
        (("windows-server-2022", 0.6), ("windows-server-2019", 0.4)),
        "Servers, data centre",
        26,
        tags=("server",),
    ),
    Role("debian servers", "srv-deb", 0.07, (("debian-12", 0.8), ("debian-11", 0.2)), "Servers, data centre", 17, tags=("server",)),
    Role("ubuntu servers", "srv-ubu", 0.04, (("ubuntu-22.04", 0.7), ("ubuntu-24.04", 0.3)), "Servers, data centre", 19, tags=("server",)),
    Role("red hat servers", "srv-rhl", 0.03, (("rhel-9", 1.0),), "Servers, data centre", 30, tags=("server",)),
    Role("edge", "web-edge", 0.04, (("debian-12", 1.0),), "Internet-facing services", 12, 1, True, ("dmz",)),
    Role("domain controllers", "dc", 0.01, (("windows-server-2022", 1.0),), "Domain controllers and PKI", 15, 2, False, ("tier-0",)),
    Role("laboratory", "lab", 0.03, (("windows-10", 0.5), ("debian-11", 0.5)), "", 90, 0, False, ()),
)

# name, rank, rule
GROUPS = (
    ("Domain controllers and PKI", 1, [{"field": "tag", "operator": "equals", "value": "tier-0"}]),
    ("Internet-facing services", 2, [{"field": "tag", "operator": "equals", "value": "dmz"}]),
    ("Servers, data centre", 3, [{"field": "name", "operator": "starts", "value": "srv-"}]),
    ("Workstations, head office", 4, [{"field": "name", "operator": "starts", "value": "ho-"}]),
    ("Workstations, field", 5, [{"field": "name", "operator": "starts", "value": "fld-"}]),
)


@dataclass(frozen=True, slots=True)
class DemoMachine:
    number: int
    name: str
    role: Role
    platform: str
    lag: float
    joined: int  # days before the end on which it first reported
    silent: int | None  # days before the end on which it reported last

    @property
    def external_id(self) -> str:
        return f"demo-{self.number:07}"

    @property
    def is_server(self) -> bool:
        return not self.role.prefix.startswith(("ho-", "fld-", "lab"))

    @property
    def family(self) -> str:
        head = self.platform.split("-")[0]
        return {"windows": "windows", "macos": "macos"}.get(head, "linux")


@dataclass(frozen=True)
class Roster:
    """The fleet, machine by machine: any of them can be told by its number (1 to `count`) alone.

    Most machines are there from the first day; a site joins in the middle; a few fall silent.
    """

    count: int
    days: int
    seed: int

    @cached_property
    def _ends(self) -> list[int]:
        """The number of the last machine of each role."""
        parts = [max(1, round(role.part * self.count)) for role in ROLES]
        parts[0] += self.count - sum(parts)
        return list(accumulate(parts))

    def machine(self, number: int) -> DemoMachine:
        place = bisect.bisect_left(self._ends, number)
        index = number - (self._ends[place - 1] if place else 0)
        return _machine(ROLES[place], index, number, self.days, self.seed)


def machines(*, count: int, days: int, seed: int) -> list[DemoMachine]:
    roster = Roster(count, days, seed)
    return [roster.machine(number) for number in range(1, count + 1)]


def _machine(role: Role, index: int, number: int, days: int, seed: int) -> DemoMachine:
    name = f"{role.prefix}-{index:04}"
    late = role.name == "field" and share(seed, name, "late") < 0.18
    silent = round(3 + share(seed, name, "silent for") * 50) if share(seed, name, "silent") < 0.02 else None
    return DemoMachine(
        number=number,
        name=name,
        role=role,
        platform=_weighted(role.platforms, share(seed, name, "platform")),
        lag=role.lag * (0.5 + 1.4 * share(seed, name, "lag")),
        joined=min(days, LATE_DAYS) if late else days,
        silent=min(silent, days - 1) if silent and not late and days > 1 else None,
    )


def _weighted(options: tuple[tuple[str, float], ...], at: float) -> str:
    for name, part in options:
        at -= part
        if at < 0:
            return name
    return options[-1][0]


def address(machine: DemoMachine, seed: int) -> str:
    return f"10.{20 + ROLES.index(machine.role)}.{machine.number // 250 % 250}.{pick(range(2, 250), seed, machine.name, 'ip')}"
