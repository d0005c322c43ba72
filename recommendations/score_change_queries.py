"""Why the exposure score of some machine groups moved: the stored parts of a time, in points that add up to the change."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from django.db.models import Sum

from recommendations.explanations import points_of
from recommendations.models import Cause, Run, ScoreChange, ScoreChangeDay, ScoreDay

UNRECORDED = "unrecorded"
SAME = 1e-6  # relative: sums of a million machines differ in the last bits


@dataclass(frozen=True, slots=True)
class DaySums:
    """The sums of the groups at the end of a recorded day. `after`: sum w E after exceptions."""

    day: dt.date
    machines: int
    weight: float
    exposure: float
    after: float

    def score(self, *, excepted: bool) -> float:
        return 100 * (self.after if excepted else self.exposure) / self.weight if self.weight else 0.0


@dataclass(frozen=True, slots=True)
class Part:
    """What one cause did to the score, in points. `machines`: touched on the busiest of `days` days; None: not known."""

    cause: str
    points: float
    machines: int | None = None
    days: int = 0


@dataclass(frozen=True, slots=True)
class Moves:
    """From the end of one recorded day to the end of another. `parts` of all causes, in their order, add up to the change.

    `days`: how many are recorded after the first. `unrecorded`: those whose change has no stored causes. `excepted`: of the score after
    exceptions; `differ`: whether that is another one.
    """

    first: DaySums
    last: DaySums
    parts: tuple[Part, ...]
    days: int
    unrecorded: tuple[dt.date, ...]
    excepted: bool
    differ: bool

    @property
    def start(self) -> float:
        return self.first.score(excepted=self.excepted)

    @property
    def end(self) -> float:
        return self.last.score(excepted=self.excepted)

    @property
    def change(self) -> float:
        return self.end - self.start

    @property
    def largest(self) -> Part | None:
        """The recorded cause that moved most in the direction of the change; None where nothing did."""
        with_it = [part for part in self.parts if part.cause != UNRECORDED and part.points * self.change > 0]
        return max(with_it, key=lambda part: abs(part.points), default=None)


def moves(*, groups: Sequence[int], first: dt.date, last: dt.date, excepted: bool = False) -> Moves | None:
    """Between the first and the last recorded day of [first, last]; of a single one, since the recorded day before. None: there is none.

    Three statements at most, over rows kept per day and group.
    """
    days = _days(groups=groups, first=first, last=last)
    if len(days) == 1 and (earlier := _day_before(groups=groups, day=days[0].day)):
        days = [*_days(groups=groups, first=earlier, last=earlier), *days]
    if len(days) < 2:
        return None
    changes = _changes(groups=groups, after=days[0].day, last=days[-1].day)
    sums: dict[str, tuple[float, float]] = {}
    for _, cause, _, weight, exposure, exposure_after in changes:
        had = sums.get(cause, (0.0, 0.0))
        sums[cause] = had[0] + weight, had[1] + (exposure_after if excepted else exposure)
    start, end = days[0], days[-1]
    known = [sums.get(cause, (0.0, 0.0)) for cause in Cause.values]
    before, after = (start.after, end.after) if excepted else (start.exposure, end.exposure)
    rest = end.weight - start.weight - sum(w for w, _ in known), after - before - sum(e for _, e in known)
    points = points_of(start.weight, before, [*known, rest])
    missing = _unrecorded(days, changes)
    machines, touched = _machines(changes)
    parts = [Part(cause, value, machines.get(cause), touched.get(cause, 0)) for cause, value in zip(Cause.values, points, strict=False)]
    if missing:
        parts.append(Part(UNRECORDED, points[-1]))
    differ = any(abs(day.after - day.exposure) > SAME * max(1.0, day.exposure) for day in (start, end))
    return Moves(start, end, tuple(parts), len(days) - 1, missing, excepted, differ)


def run_parts(run: Run) -> tuple[Part, ...]:
    """What a run did to the score of the whole organisation, where it is told; other causes are left out. `machines` exactly."""
    rows = (
        ScoreChange.objects.filter(run=run)
        .values("cause")
        .annotate(n=Sum("machines"), w=Sum("weight"), x=Sum("exposure"), a=Sum("exposure_after"))
    )
    found = {row["cause"]: row for row in rows}
    if not found or run.score is None:
        return ()
    changes = [(found[c]["w"], found[c]["x"]) if c in found else (0.0, 0.0) for c in Cause.values]
    weight, exposure = run.weight, run.score * run.weight / 100
    start = weight - sum(w for w, _ in changes), exposure - sum(x for _, x in changes)
    points = points_of(*start, changes)
    return tuple(Part(cause, value, found[cause]["n"], 1) for cause, value in zip(Cause.values, points, strict=True) if cause in found)


def _days(*, groups: Sequence[int], first: dt.date, last: dt.date) -> list[DaySums]:
    rows = ScoreDay.objects.filter(group_id__in=groups, day__range=(first, last), weight__gt=0).values("day").order_by("day")
    summed = rows.annotate(m=Sum("machines"), w=Sum("weight"), x=Sum("exposure"), a=Sum("exposure_after"))
    return [DaySums(row["day"], row["m"], row["w"], row["x"], row["a"]) for row in summed]


def _day_before(*, groups: Sequence[int], day: dt.date) -> dt.date | None:
    days = ScoreDay.objects.filter(group_id__in=groups, day__lt=day, weight__gt=0).order_by("-day")
    return days.values_list("day", flat=True).first()


Change = tuple[dt.date, str, int, float, float, float]


def _changes(*, groups: Sequence[int], after: dt.date, last: dt.date) -> list[Change]:
    """(day, cause, machines, weight, exposure, exposure after exceptions) of ]after, last]."""
    rows = ScoreChangeDay.objects.filter(group_id__in=groups, day__gt=after, day__lte=last).values("day", "cause").order_by("day", "cause")
    summed = rows.annotate(n=Sum("machines"), w=Sum("weight"), x=Sum("exposure"), a=Sum("exposure_after"))
    return [(row["day"], row["cause"], row["n"], row["w"], row["x"], row["a"]) for row in summed]


def _unrecorded(days: Sequence[DaySums], changes: Iterable[Change]) -> tuple[dt.date, ...]:
    """Days whose sums moved by something else than their stored causes."""
    told: dict[dt.date, tuple[float, float]] = {}
    for day, _, _, weight, exposure, _ in changes:
        had = told.get(day, (0.0, 0.0))
        told[day] = had[0] + weight, had[1] + exposure
    missing = []
    for earlier, sums in pairwise(days):
        weight, exposure = told.get(sums.day, (0.0, 0.0))
        rest = max(abs(sums.weight - earlier.weight - weight), abs(sums.exposure - earlier.exposure - exposure))
        if rest > SAME * max(1.0, sums.weight):
            missing.append(sums.day)
    return tuple(missing)


def _machines(changes: Iterable[Change]) -> tuple[dict[str, int], dict[str, int]]:
    """Cause -> machines touched on its busiest day, and cause -> days."""
    most: dict[str, int] = {}
    days: dict[str, int] = {}
    for _, cause, machines, *_ in changes:
        most[cause] = max(most.get(cause, 0), machines)
        days[cause] = days.get(cause, 0) + 1
    return most, days
