"""The scores of a choice of machine groups, their parts and their history.

Every figure is a sum over rows kept per group, so it costs the same for ten machines and for a million.
A figure that no run has computed yet is None, never zero.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Sum

from core import sql
from inventory.models import Configuration
from recommendations.models import GroupScore, ScoreDay, ScoringSettings
from recommendations.records import Weights

LEVELS = ("high", "medium", "low", "none")


@dataclass(frozen=True, slots=True)
class Point:
    """A value at the end of a day."""

    day: dt.date
    value: float


@dataclass(frozen=True, slots=True)
class ExposureScore:
    """S = 100 `exposure` / `weight` of some groups, with what it is made of.

    `exposure` is A = sum(w E), `after` is S without what mitigating exceptions cover. The four levels add up to
    `machines`; `no_data` are those of them without any installation. `inactive` machines are in none of these.
    """

    score: float
    band: str
    after: float
    exposure: float
    weight: float
    machines: int
    high: int
    medium: int
    low: int
    none: int
    no_data: int
    inactive: int
    unsupported_os: int

    @property
    def levels(self) -> tuple[tuple[str, str, int, str], ...]:
        """(tone, label, machines, query of the list that holds them), no data last: those are part of the level None."""
        without = self.none - self.no_data
        return (
            ("high", "High", self.high, "level=high"),
            ("medium", "Medium", self.medium, "level=medium"),
            ("low", "Low", self.low, "level=low"),
            ("good", "None", without, "level=none&data=some"),
            ("none", "No data", self.no_data, "data=none"),
        )

    @property
    def parts(self) -> tuple[tuple[str, str, int], ...]:
        """The levels for a doughnut."""
        return tuple((tone, label, count) for tone, label, count, _ in self.levels)


@dataclass(frozen=True, slots=True)
class Points:
    """Configuration points of a category (or of all: `category` empty); `after`: what a mitigating exception covers complies."""

    category: str
    label: str
    points: float
    maximum: float
    after: float = 0.0

    @property
    def percent(self) -> float:
        return 100 * self.points / self.maximum if self.maximum else 0.0

    @property
    def percent_after(self) -> float:
        return 100 * self.after / self.maximum if self.maximum else 0.0


@dataclass(frozen=True, slots=True)
class ConfigurationScore:
    total: Points
    categories: tuple[Points, ...]


def scoring_settings() -> ScoringSettings:
    """The row of weights, with the defaults where nobody has stored any."""
    return ScoringSettings.objects.first() or ScoringSettings()


def weights_of(settings: ScoringSettings) -> Weights:
    return Weights(**{name: getattr(settings, name) for name in Weights.__dataclass_fields__})


def band(score: float, settings: ScoringSettings) -> str:
    """low, medium or high, by the bounds of the settings."""
    return "high" if score >= settings.band_high else "medium" if score >= settings.band_medium else "low"


def exposure_score(*, groups: Sequence[int], settings: ScoringSettings) -> ExposureScore | None:
    """The exposure score of the machines in `groups`; None where no active machine was scored."""
    names = ("machines", "weight", "exposure", "exposure_after", *LEVELS, "no_data", "inactive", "unsupported_os")
    sums = GroupScore.objects.filter(group_id__in=groups).aggregate(**{f"sum_{name}": Sum(name, default=0) for name in names})
    total = {name: sums[f"sum_{name}"] for name in names}
    weight = total.pop("weight")
    if not weight:
        return None
    score, after = 100 * total["exposure"] / weight, 100 * total.pop("exposure_after") / weight
    return ExposureScore(score=score, band=band(score, settings), after=after, weight=weight, **total)


def exposure_history(*, groups: Sequence[int], first: dt.date, last: dt.date) -> tuple[Point, ...]:
    """The exposure score at the end of each recorded day of [first, last]."""
    days = (
        ScoreDay.objects.filter(group_id__in=groups, day__range=(first, last), weight__gt=0)
        .values("day")
        .annotate(score=100 * Sum("exposure") / Sum("weight"))
        .order_by("day")
    )
    return tuple(Point(day["day"], day["score"]) for day in days)


def configuration_score(*, groups: Sequence[int]) -> ConfigurationScore | None:
    """Points in total and in the five categories, always five; None where no check applies to any machine."""
    found = {row["category"]: row for row in sql.rows("recommendations/read_configuration_points", {"groups": list(groups)})}
    if not found:
        return None
    categories = tuple(
        Points(
            value,
            label,
            found.get(value, {}).get("points", 0.0),
            found.get(value, {}).get("maximum", 0.0),
            found.get(value, {}).get("points_after", 0.0),
        )
        for value, label in Configuration.Category.choices
    )
    total = Points("", "All", sum(c.points for c in categories), sum(c.maximum for c in categories), sum(c.after for c in categories))
    return ConfigurationScore(total, categories)


def configuration_history(*, groups: Sequence[int], first: dt.date, last: dt.date) -> tuple[Point, ...]:
    """The configuration score in percent at the end of each recorded day of [first, last]."""
    rows = sql.rows("recommendations/read_configuration_days", {"groups": list(groups), "first": first, "last": last})
    return tuple(Point(row["day"], 100 * row["points"] / row["maximum"]) for row in rows)
