"""How a machine is counted among the vulnerable ones: once, by its worst. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

LONG_AGO = dt.date.min
UNKNOWN_DAY = dt.date.max


class Age(IntEnum):
    """Days since the oldest weakness of a machine was published."""

    UNKNOWN = 0
    FRESH = 1
    MONTHS_1 = 2
    MONTHS_2 = 3
    OLD = 4


OLDER_THAN = ((90, Age.OLD), (60, Age.MONTHS_2), (30, Age.MONTHS_1))
OLDEST_BOUND = OLDER_THAN[0][0]
AGE_LABELS = {
    Age.OLD: "More than 90 days",
    Age.MONTHS_2: "61 to 90 days",
    Age.MONTHS_1: "31 to 60 days",
    Age.FRESH: "0 to 30 days",
    Age.UNKNOWN: "Unknown date",
}


@dataclass(frozen=True, slots=True)
class Risk:
    """`severity` 0 to 4, `exploit` 0 none known, 1 available, 2 verified, in a kit or exploited. None: day not known."""

    severity: int
    exploit: int
    published_on: dt.date | None


def exploit_level(*, exploit: int, exploited: bool) -> int:
    """Weakness.Exploit and what is known of attacks, in three levels."""
    return 2 if exploited or exploit >= 2 else exploit


def worst(risks: Iterable[Risk]) -> Risk | None:
    """Each part by itself, over all weaknesses; None where there are none."""
    found = list(risks)
    if not found:
        return None
    days = [risk.published_on for risk in found if risk.published_on]
    return Risk(max(risk.severity for risk in found), max(risk.exploit for risk in found), min(days, default=None))


def age_of(published_on: dt.date | None, *, today: dt.date) -> Age:
    if published_on is None or published_on == UNKNOWN_DAY:
        return Age.UNKNOWN
    days = (today - published_on).days
    return next((age for bound, age in OLDER_THAN if days > bound), Age.FRESH)


def days_of(age: Age, *, today: dt.date) -> tuple[dt.date, dt.date]:
    """First and last day of publication of an age, both included; (UNKNOWN_DAY, UNKNOWN_DAY) for the unknown one."""
    bounds = {Age.OLD: (91, None), Age.MONTHS_2: (61, 90), Age.MONTHS_1: (31, 60), Age.FRESH: (None, 30)}
    if age not in bounds:
        return UNKNOWN_DAY, UNKNOWN_DAY
    youngest, oldest = bounds[age]
    first = LONG_AGO if oldest is None else today - dt.timedelta(days=oldest)
    last = UNKNOWN_DAY - dt.timedelta(days=1) if youngest is None else today - dt.timedelta(days=youngest)
    return first, last


def age_parameters() -> dict[str, int | dt.date]:
    """The bounds and numbers of ages, by the names that the SQL files use."""
    bounds = {f"days_{age.name.lower()}": days for days, age in OLDER_THAN}
    return {**bounds, **{f"age_{age.name.lower()}": age.value for age in Age}, "unknown_day": UNKNOWN_DAY}
