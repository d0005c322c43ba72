"""What the dashboard shows, read once. All figures are sums over the chosen machine groups."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from exceptions import list_queries
from inventory.models import Machine
from recommendations import machine_queries, score_queries, software_queries, timeline_queries
from recommendations.machine_queries import MachineRow
from recommendations.models import ScoringSettings
from recommendations.recommendation_queries import scale_of
from recommendations.score_queries import ConfigurationScore, ExposureScore, Point
from recommendations.software_queries import SoftwareFilter, SoftwareRow
from recommendations.timeline_queries import EventFilter, EventRow
from remediation import queries as activity_queries
from remediation.models import Activity
from weaknesses.models import EpssScore, Weakness

DAYS = 30
TOP = 5


@dataclass(frozen=True, slots=True)
class Work:
    """An activity in progress. `done` of `total` machines are fixed."""

    id: str
    title: str
    done: int
    total: int
    overdue: bool


@dataclass(frozen=True, slots=True)
class Activities:
    in_progress: int
    first: tuple[Work, ...]


@dataclass(frozen=True, slots=True)
class Dashboard:
    """`exposure` None: no machine of the groups was scored. `events`: day -> sentences. `activities` None: nothing was ever requested."""

    settings: ScoringSettings
    exposure: ExposureScore | None
    exposure_days: tuple[Point, ...]
    events: dict[dt.date, tuple[str, ...]]
    configuration: ConfigurationScore | None
    configuration_days: tuple[Point, ...]
    exceptions: int
    top_events: tuple[EventRow, ...]
    software: tuple[SoftwareRow, ...]
    machines: tuple[MachineRow, ...]
    activities: Activities | None

    @property
    def exposure_change(self) -> float | None:
        """Points against the first recorded day of the thirty; None where there is only one day."""
        return _change(self.exposure_days)

    @property
    def exposure_words(self) -> str:
        return _words(self.exposure_days, higher="worse", lower="better", unit="")

    @property
    def configuration_words(self) -> str:
        return _words(self.configuration_days, higher="better", lower="worse", unit="%")

    @property
    def configuration_change(self) -> float | None:
        return _change(self.configuration_days)


@dataclass(frozen=True, slots=True)
class FirstSteps:
    """How far a new installation is."""

    weaknesses: int
    exploited: int
    epss_day: dt.date | None
    machines: int

    @property
    def done(self) -> int:
        return (self.weaknesses > 0) + (self.machines > 0)


def read(*, groups: Sequence[int], now: dt.datetime, everything: bool = True, restricted: bool = False) -> Dashboard:
    """Everything but the top recommendations, which load by themselves.

    `everything`: the groups are the whole organisation; `restricted`: the user may not see all of it.
    """
    today = now.date()
    first = today - dt.timedelta(days=DAYS - 1)
    settings = score_queries.scoring_settings()
    exposure = score_queries.exposure_score(groups=groups, settings=settings)
    month = EventFilter(groups=groups, first=first, last=today, restricted=restricted)
    week = EventFilter(groups=groups, first=today - dt.timedelta(days=6), last=today, restricted=restricted)
    return Dashboard(
        settings=settings,
        exposure=exposure,
        exposure_days=score_queries.exposure_history(groups=groups, first=first, last=today),
        events=timeline_queries.per_day(month),
        configuration=score_queries.configuration_score(groups=groups),
        configuration_days=score_queries.configuration_history(groups=groups, first=first, last=today),
        exceptions=_exceptions(groups=groups),
        top_events=timeline_queries.most_telling(week),
        software=_software(groups=groups, exposure=exposure, first=first, last=today),
        machines=machine_queries.highest(groups=groups, now=now, limit=TOP),
        activities=_activities(groups=None if everything else groups, today=today),
    )


def first_steps(groups: Sequence[int]) -> FirstSteps:
    """For the page that stands here until the first run."""
    epss = EpssScore.objects.order_by("-day").values_list("day", flat=True).first()
    return FirstSteps(
        weaknesses=Weakness.objects.filter(rejected=False).count(),
        exploited=Weakness.objects.filter(exploited=True).count(),
        epss_day=epss,
        machines=Machine.objects.filter(group_id__in=groups).count(),
    )


def _exceptions(*, groups: Sequence[int]) -> int:
    """Exceptions in effect for all machines, or for one of the groups."""
    return list_queries.active_count(groups=groups)


def _software(*, groups: Sequence[int], exposure: ExposureScore | None, first: dt.date, last: dt.date) -> tuple[SoftwareRow, ...]:
    scale = scale_of(exposure.weight if exposure else 0.0)
    _, rows = software_queries.software_rows(SoftwareFilter(groups=groups, scale=scale, weak=("has",)), limit=TOP)
    return software_queries.with_days(rows, groups=groups, first=first, last=last)


def _activities(*, groups: Sequence[int] | None, today: dt.date) -> Activities | None:
    visible = activity_queries.visible(groups)
    if not visible.exists():
        return None
    open_ones = visible.filter(status=Activity.Status.ACTIVE)
    first = list(open_ones.order_by("due_on", "-created_at", "id")[:TOP])
    progress = activity_queries.progress([activity.pk for activity in first], groups)
    return Activities(
        in_progress=open_ones.count(),
        first=tuple(
            Work(
                str(a.pk), a.title, *progress.get(a.pk, (a.fixed_count, a.target_count)), overdue=a.due_on is not None and a.due_on < today
            )
            for a in first
        ),
    )


def _words(days: Sequence[Point], *, higher: str, lower: str, unit: str) -> str:
    """better, from 52; unchanged where there is no difference."""
    change = _change(days)
    if not change:
        return "unchanged"
    return f"{higher if change > 0 else lower}, from {days[0].value:.0f}{unit}"


def _change(days: Sequence[Point]) -> float | None:
    return days[-1].value - days[0].value if len(days) > 1 else None
