"""How fast what was asked for is done: the share of targeted machines fixed within so many days of the request."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from core import sql
from remediation.models import Activity
from remediation.rules import MARKS

PRIORITIES = (("all", "All"), *Activity.Priority.choices)


@dataclass(frozen=True, slots=True)
class Share:
    """Machines `fixed` of those `asked` for by requests that are old enough to tell. `percent` None: there is none."""

    fixed: int
    asked: int

    @property
    def percent(self) -> float | None:
        return 100 * self.fixed / self.asked if self.asked else None


@dataclass(frozen=True, slots=True)
class Mark:
    """So many days after the request: the share of all, then of high, medium and low priority."""

    days: int
    shares: tuple[Share, ...]


def pace(*, groups: Sequence[int] | None, kinds: Sequence[str] = (), since: dt.datetime, now: dt.datetime) -> tuple[Mark, ...]:
    """A mark for each of rules.MARKS, over requests made after `since`. `groups` None: all, whose figures activities keep."""
    sums: dict[tuple[str, int], list[int]] = defaultdict(lambda: [0, 0])
    for priority, days, fixed, asked in _kept(kinds, since, now) if groups is None else _counted(groups, kinds, since, now):
        for name in ("all", priority):
            sums[name, days][0] += fixed
            sums[name, days][1] += asked
    return tuple(Mark(days, tuple(Share(*sums[name, days]) for name, _ in PRIORITIES)) for days in MARKS)


def _kept(kinds: Sequence[str], since: dt.datetime, now: dt.datetime) -> Iterable[tuple[str, int, int, int]]:
    found = Activity.objects.filter(created_at__gt=since, target_count__gt=0)
    if kinds:
        found = found.filter(kind__in=kinds)
    for priority, created_at, targets, within in found.values_list("priority", "created_at", "target_count", "fixed_within"):
        for place, days in enumerate(MARKS):
            if created_at <= now - dt.timedelta(days=days):
                yield priority, days, within[place] if within else 0, targets


def _counted(groups: Sequence[int], kinds: Sequence[str], since: dt.datetime, now: dt.datetime) -> Iterable[tuple[str, int, int, int]]:
    parameters = {"groups": list(groups), "kinds": list(kinds), "since": since, "now": now, "marks": list(MARKS)}
    for row in sql.rows("remediation/read_pace", parameters):
        yield row["priority"], row["days"], row["fixed"], row["asked"]
