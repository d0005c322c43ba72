"""The ledger of feeds: who is reading, what was read, changed and refused, and how it ended."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.db import connection

from weaknesses.bulk import Counts
from weaknesses.errors import FeedBusy
from weaknesses.feeds.reading import Reading
from weaknesses.models import Feed, FeedReject, FeedRun
from weaknesses.records import Refused

MOST_REJECTS_KEPT = 1000
RUNS_KEPT = dt.timedelta(days=90)
Progress = Callable[[FeedRun], None]


@contextmanager
def only_one(feed: str) -> Iterator[None]:
    """Holds the feed for this connection. Raises FeedBusy while another one has it; a dead process lets go of it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(hashtext('weaknesses.feed'), hashtext(%s))", [feed])
        if not cursor.fetchone()[0]:
            raise FeedBusy(f"The feed {feed} is being synchronised right now.")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(hashtext('weaknesses.feed'), hashtext(%s))", [feed])


class Ledger:
    """One run of a feed. Every method writes; the caller decides which writes belong together."""

    def __init__(self, feed: Feed, *, origin: str, now: dt.datetime, progress: Progress | None) -> None:
        self._begun = time.monotonic()
        self._now = now
        self._progress = progress
        self._kept = 0
        self.feed = feed
        self.problems: list[str] = []
        self.run = FeedRun.objects.create(feed=feed, origin=origin[:500], started_at=now)

    def add(self, counts: Counts, reading: Reading) -> None:
        """Count what became of the records read since the last time, and keep what was refused of them."""
        read, refusals, refused = reading.drain()
        self._reject(refusals)
        self.run.read += read
        self.run.rejected += refused
        self.run.new += counts.new
        self.run.changed += counts.changed
        self.run.removed += counts.removed
        self.run.save(update_fields=["read", "new", "changed", "removed", "rejected"])
        if self._progress:
            self._progress(self.run)

    def remember(self, name: str, memory: Mapping[str, Any]) -> None:
        """Keep what is known of one file (validators, digest, cursor) for the next time."""
        self.feed.resources[name] = dict(memory)
        self.feed.save(update_fields=["resources"])

    def forget(self, names: Iterable[str]) -> None:
        """Drop what is known of files; written with the next thing to remember."""
        for name in list(names):
            del self.feed.resources[name]

    def _reject(self, refusals: list[Refused]) -> None:
        room = MOST_REJECTS_KEPT - self._kept
        rows = [FeedReject(run=self.run, place=r.place, reason=r.reason, excerpt=r.excerpt) for r in refusals[:room]]
        FeedReject.objects.bulk_create(rows, batch_size=500)
        self._kept += len(rows)

    def _state(self) -> FeedRun.State:
        if self.problems:
            return FeedRun.State.FAILED
        return FeedRun.State.DONE if self.run.new or self.run.changed or self.run.removed else FeedRun.State.UNCHANGED

    def finish(self) -> FeedRun:
        """Close the run: failed where there were problems, unchanged where nothing new was said."""
        run, feed = self.run, self.feed
        run.error = "\n".join(self.problems)
        run.state = self._state()
        run.finished_at = self._now + dt.timedelta(seconds=time.monotonic() - self._begun)
        run.save()
        if run.state != FeedRun.State.FAILED:
            feed.checked_at = self._now
        if run.new or run.changed or run.removed:
            feed.changed_at = self._now
        feed.save(update_fields=["checked_at", "changed_at"])
        FeedRun.objects.filter(feed=feed, started_at__lt=self._now - RUNS_KEPT).delete()
        return run


def close_interrupted(feed: Feed, *, now: dt.datetime) -> int:
    """Runs that were cut off. Call while holding the feed: then nobody else can be running them."""
    said = "The run was interrupted. What it had stored is kept; the next run goes on from there."
    cut_off = FeedRun.objects.filter(feed=feed, state=FeedRun.State.RUNNING)
    return cut_off.update(state=FeedRun.State.FAILED, finished_at=now, error=said)
