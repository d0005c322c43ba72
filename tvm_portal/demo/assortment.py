"""What machines of a kind carry, laid out so that a machine's rows cost a few microseconds.

A kind of machine has one line of slots for everything that it may have: a list whose length is a power of two, and in which a version
stands as often as it is frequent, and nothing where machines go without. A machine draws one place in each. A slot is the end of a
row in COPY's binary format; the beginning is the machine's id.
"""

from __future__ import annotations

import datetime as dt
import struct
import sys
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import shake_128

from tvm_portal.demo.organisation import ROLES, DemoMachine

LAGS = 4  # how many paces of patching are told apart within a role
FINE, DEEP = 1_024, 65_536  # slots of a line: real packages and checks; the long tail at most
_EPOCH = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
_PREFIX = struct.Struct("!hii")
_VERSION, _RESULT = struct.Struct("!iiiq"), struct.Struct("!iiibiq")
HEADER, TRAILER = b"PGCOPY\n\xff\r\n\0" + bytes(8), b"\xff\xff"

Line = Sequence[bytes]


@dataclass(frozen=True, slots=True)
class Kind:
    """Machines that carry the same with the same chances. `late`: of the site that joined in the middle."""

    role: int
    platform: str
    lag: int
    late: bool

    @classmethod
    def of(cls, machine: DemoMachine, *, days: int) -> Kind:
        place = machine.lag / machine.role.lag  # from 0.5 to 1.9: see organisation
        return cls(ROLES.index(machine.role), machine.platform, min(LAGS - 1, int((place - 0.5) / 1.4 * LAGS)), machine.joined < days)

    @property
    def days(self) -> float:
        return ROLES[self.role].lag * (0.5 + 1.4 * (self.lag + 0.5) / LAGS)

    @property
    def is_server(self) -> bool:
        return not ROLES[self.role].prefix.startswith(("ho-", "fld-", "lab"))

    @property
    def family(self) -> str:
        head = self.platform.split("-")[0]
        return {"windows": "windows", "macos": "macos"}.get(head, "linux")


@dataclass(frozen=True, slots=True)
class Lines:
    lines: tuple[Line, ...]
    masks: tuple[int, ...]

    @classmethod
    def of(cls, lines: Iterable[Line]) -> Lines:
        found = tuple(lines)
        return cls(found, tuple(len(line) - 1 for line in found))

    def rows(self, machine_id: int, fields: int, draws: Sequence[int]) -> bytes:
        """All rows of a machine of so many fields, in COPY's binary format."""
        start = _PREFIX.pack(fields, 4, machine_id)
        ends = [line[draw & mask] for line, draw, mask in zip(self.lines, draws, self.masks, strict=False)]
        found = list(filter(None, ends))
        return start + start.join(found) if found else b""


def draws(seed: int, number: int, what: str, count: int) -> Sequence[int]:
    """`count` numbers from 0 to 65,535, which depend on the seed, the machine and the subject only."""
    found = array("H", shake_128(f"{seed}\x1f{number}\x1f{what}".encode()).digest(2 * count))
    if sys.byteorder == "big":
        found.byteswap()
    return found


def version_end(version_id: int, first_seen: dt.datetime) -> bytes:
    """(version_id, first_seen) of an installation."""
    return _VERSION.pack(4, version_id, 8, _microseconds(first_seen))


def result_end(configuration_id: int, passed: bool, changed_at: dt.datetime) -> bytes:
    """(configuration_id, passed, changed_at) of a configuration result."""
    return _RESULT.pack(4, configuration_id, 1, passed, 8, _microseconds(changed_at))


def line_of(choices: Sequence[tuple[bytes, float]], *, size: int, filled: float, rarest: bool = False) -> Line:
    """A line in which each choice stands as often as its weight says, `filled` (0 to 1) of it; `rarest`: the rarest once at least."""
    least = 1 if rarest else 0
    total = sum(weight for _, weight in choices) or 1.0
    free = max(0.0, size * filled - least * len(choices))
    slots: list[bytes] = []
    due = 0.0
    for end, weight in choices:
        due += least + weight / total * free
        slots += [end] * (int(due + 0.5) - len(slots))
    return (slots + [b""] * (size - len(slots)))[:size]


def _microseconds(moment: dt.datetime) -> int:
    return (moment - _EPOCH) // dt.timedelta(microseconds=1)
