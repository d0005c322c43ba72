"""Reads for the feeds screen."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from django.db.models import F, Window
from django.db.models.functions import RowNumber

from weaknesses.feeds import FEEDS
from weaknesses.feeds.base import FeedKind
from weaknesses.models import Feed, FeedReject, FeedRun

RUNS_SHOWN = 30
REJECTS_SHOWN = 200
_TONES = {FeedRun.State.RUNNING: "active", FeedRun.State.DONE: "done", FeedRun.State.FAILED: "late"}
_ICONS = {FeedRun.State.DONE: "check", FeedRun.State.FAILED: "stop", FeedRun.State.UNCHANGED: "check"}


@dataclass(frozen=True, slots=True)
class RunLine:
    """A run with how its state looks, and how many seconds it took."""

    run: FeedRun
    tone: str
    icon: str
    seconds: float | None


@dataclass(frozen=True, slots=True)
class FeedLine:
    """A feed: what it is, its switch, and its last runs, newest first."""

    kind: FeedKind
    enabled: bool
    address: str
    runs: tuple[RunLine, ...] = field(default=())

    @property
    def last(self) -> RunLine | None:
        return self.runs[0] if self.runs else None

    @property
    def by_itself(self) -> bool:
        """Whether it can be read without a folder."""
        return bool(self.kind.addresses or self.kind.fetch or self.address)

    @property
    def running(self) -> bool:
        return bool(self.runs) and self.runs[0].run.state == FeedRun.State.RUNNING


def feed_lines(*, runs: int = 1) -> list[FeedLine]:
    """Every feed with its last `runs` runs; two queries."""
    stored = {feed.kind: feed for feed in Feed.objects.defer("resources")}
    latest: dict[str, list[RunLine]] = defaultdict(list)
    numbered = FeedRun.objects.annotate(
        number=Window(RowNumber(), partition_by=F("feed"), order_by=[F("started_at").desc(), F("id").desc()])
    )
    for run in numbered.filter(number__lte=runs).order_by("feed", "-started_at", "-id"):
        latest[run.feed_id].append(_line(run))
    return [_feed_line(kind, stored.get(name), latest[name]) for name, kind in FEEDS.items()]


def scheduled_feeds() -> list[str]:
    """Names of the feeds that are switched on and can be read without a folder."""
    stored = {feed.kind: feed for feed in Feed.objects.defer("resources")}
    lines = [_feed_line(kind, stored.get(name), []) for name, kind in FEEDS.items()]
    return [line.kind.kind for line in lines if line.enabled and line.by_itself]


def feed_line(name: str) -> FeedLine | None:
    """One feed with its last runs; None for a name that no feed has."""
    if name not in FEEDS:
        return None
    runs = FeedRun.objects.filter(feed=name).order_by("-started_at", "-id")[:RUNS_SHOWN]
    return _feed_line(FEEDS[name], Feed.objects.defer("resources").filter(kind=name).first(), [_line(run) for run in runs])


def rejects_of(run: FeedRun) -> list[FeedReject]:
    """The first records that a run could not use."""
    return list(run.rejects.order_by("id")[:REJECTS_SHOWN])


def _feed_line(kind: FeedKind, stored: Feed | None, runs: list[RunLine]) -> FeedLine:
    return FeedLine(kind=kind, enabled=stored.enabled if stored else True, address=stored.address if stored else "", runs=tuple(runs))


def _line(run: FeedRun) -> RunLine:
    state = FeedRun.State(run.state)
    seconds = (run.finished_at - run.started_at).total_seconds() if run.finished_at else None
    return RunLine(run=run, tone=_TONES.get(state, ""), icon=_ICONS.get(state, ""), seconds=seconds)
