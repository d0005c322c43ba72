"""Reads for the feeds screen."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db.models import F, Window
from django.db.models.functions import RowNumber

from core import sql
from weaknesses.feeds import FEEDS
from weaknesses.feeds.base import FeedKind, Topic
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
    """A feed: what it is, whether the schedule reads it, and its last runs, newest first.

    `switched`: a curator's word; None: it is read as needed. `needed`: whether machines report what it is about.
    """

    kind: FeedKind
    switched: bool | None
    needed: bool
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
    def as_needed(self) -> bool:
        """Whether the schedule reads it where no curator has a word."""
        return self.needed and not self.kind.opt_in

    @property
    def enabled(self) -> bool:
        return self.as_needed if self.switched is None else self.switched

    @property
    def why_left_out(self) -> str:
        """Why the schedule does not read it; "" where it does."""
        if not self.by_itself:
            return "Read from a folder only."
        if self.enabled:
            return ""
        if self.switched is False:
            return "Switched off."
        if self.kind.needs and not self.needed:
            return f"Not needed: no machine reports {self.kind.needs.words}."
        return f"Off until you switch it on: {self.kind.opt_in}"

    @property
    def running(self) -> bool:
        return bool(self.runs) and self.runs[0].run.state == FeedRun.State.RUNNING


def feed_lines(*, runs: int = 1) -> list[FeedLine]:
    """Every feed with its last `runs` runs; three queries."""
    stored = {feed.kind: feed for feed in Feed.objects.defer("resources")}
    latest: dict[str, list[RunLine]] = defaultdict(list)
    numbered = FeedRun.objects.annotate(
        number=Window(RowNumber(), partition_by=F("feed"), order_by=[F("started_at").desc(), F("id").desc()])
    )
    for run in numbered.filter(number__lte=runs).order_by("feed", "-started_at", "-id"):
        latest[run.feed_id].append(_line(run))
    reported = _reported_software()
    return [_feed_line(kind, stored.get(name), reported, latest[name]) for name, kind in FEEDS.items()]


def by_topic(lines: Iterable[FeedLine]) -> list[tuple[Topic, list[FeedLine]]]:
    """The feeds of each topic, in the order of topics."""
    found: dict[Topic, list[FeedLine]] = {topic: [] for topic in Topic}
    for line in lines:
        found[line.kind.topic].append(line)
    return list(found.items())


def scheduled_feeds() -> list[str]:
    """Names of the feeds that the schedule reads: needed or switched on, and with an address."""
    return [line.kind.kind for line in feed_lines() if not line.why_left_out]


def feed_line(name: str) -> FeedLine | None:
    """One feed with its last runs; None for a name that no feed has."""
    if name not in FEEDS:
        return None
    runs = FeedRun.objects.filter(feed=name).order_by("-started_at", "-id")[:RUNS_SHOWN]
    stored = Feed.objects.defer("resources").filter(kind=name).first()
    return _feed_line(FEEDS[name], stored, _reported_software(), [_line(run) for run in runs])


def rejects_of(run: FeedRun) -> list[FeedReject]:
    """The first records that a run could not use."""
    return list(run.rejects.order_by("id")[:REJECTS_SHOWN])


def _reported_software() -> set[str]:
    return {row["kind"] for row in sql.rows("weaknesses/read_reported_software")}


def _feed_line(kind: FeedKind, stored: Feed | None, reported: set[str], runs: list[RunLine]) -> FeedLine:
    return FeedLine(
        kind=kind,
        switched=stored.enabled if stored else None,
        needed=kind.needs is None or not reported.isdisjoint(kind.needs.software),
        address=stored.address if stored else "",
        runs=tuple(runs),
    )


def _line(run: FeedRun) -> RunLine:
    state = FeedRun.State(run.state)
    seconds = (run.finished_at - run.started_at).total_seconds() if run.finished_at else None
    return RunLine(run=run, tone=_TONES.get(state, ""), icon=_ICONS.get(state, ""), seconds=seconds)
