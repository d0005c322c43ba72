"""Windows by build: the list names its lines `11-24h2-e`, and a machine reports 10.0.26100.

Each edition of a release has a line of its own, and a version does not tell the edition. Of one build the line that
is supported longest counts, as nobody is told of an end that may not have come; but a special edition (long-term
servicing, IoT) only where the build has no other, because it would hide the end of nearly every machine's support.
On servers long-term servicing is the ordinary edition, and its lines are not marked as special.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from collections.abc import Iterable, Iterator

from weaknesses import rules
from weaknesses.records import CycleRecord

SLUGS = frozenset({"windows", "windows-server"})
_BUILD = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+")
_SPECIAL = re.compile(r"-(lts|iot)\b")
_OLD_NAMES = {"6": "vista", "5": "xp"}


def by_build(lines: Iterable[CycleRecord]) -> Iterator[CycleRecord]:
    """One line for each build, named by it. Lines that state no build stay as they are."""
    chosen: dict[str, CycleRecord] = {}
    for line in lines:
        if not _BUILD.fullmatch(line.latest):
            yield line
        elif line.latest not in chosen or _rank(line) > _rank(chosen[line.latest]):
            chosen[line.latest] = line
    for build, line in chosen.items():
        yield dataclasses.replace(line, cycle=build, product_keys=tuple(f"cpe:o:microsoft:{name}" for name in _products(line)))


def _rank(line: CycleRecord) -> tuple[bool, dt.date]:
    ends = line.ends_on or (rules.ENDED_ON_UNKNOWN_DAY if line.ended else dt.date.max)
    return not _SPECIAL.search(line.cycle), ends


def _products(line: CycleRecord) -> tuple[str, ...]:
    """The products of a line: of 11-24h2-e `windows_11_24h2` and, for whatever knows no releases, `windows_11`."""
    first, _, rest = line.cycle.partition("-")
    if line.slug == "windows-server":
        same = (
            name for name, build in rules.WINDOWS_BUILDS.items() if name.startswith("windows_server") and line.latest == f"10.0.{build}"
        )
        return tuple(dict.fromkeys((f"windows_server_{first}", *same)))
    family = f"windows_{_OLD_NAMES.get(first, first)}"
    return (f"{family}_{rest.partition('-')[0]}", family) if first in {"10", "11"} else (family,)
