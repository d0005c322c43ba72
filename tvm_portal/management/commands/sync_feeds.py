"""`manage.py sync_feeds`: bring vulnerability data up to date."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from weaknesses.actions import sync_feed
from weaknesses.errors import FeedBusy
from weaknesses.feed_queries import feed_lines
from weaknesses.feeds import FEEDS, folder
from weaknesses.feeds.base import FeedKind
from weaknesses.models import Feed, FeedRun

WIDTH = max(map(len, FEEDS)) + 1  # of a feed's name


class Command(BaseCommand):
    help = "Bring vulnerability data up to date, from its publishers or from a folder with the same files. Then recompute."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "kind", nargs="*", metavar="KIND", help=f"Feeds to read ({', '.join(FEEDS)}). Without: what the schedule reads."
        )
        parser.add_argument("--from", dest="origin", metavar="DIR", help="Read the files from this folder instead of the network.")
        parser.add_argument("--no-recompute", action="store_true", help="Leave matching and scoring to the next run.")

    def handle(self, *args: Any, kind: list[str], origin: str | None, no_recompute: bool, **options: Any) -> None:
        if origin and not Path(origin).is_dir():
            raise CommandError(f"There is no folder {origin}.")
        unknown = [name for name in kind if name not in FEEDS]
        if unknown:
            raise CommandError(f"There is no feed {unknown[0]!r}. Known: {', '.join(FEEDS)}.")
        states = [self._sync(FEEDS[name], origin) for name in kind or (self._in_folder(origin) if origin else self._scheduled())]
        if not no_recompute and FeedRun.State.DONE in states:
            self._recompute()
        failed = states.count(FeedRun.State.FAILED)
        if failed:
            raise CommandError(f"{failed} of {len(states)} feeds failed; what they had stored before is kept.")

    def _scheduled(self) -> list[str]:
        """What the schedule reads."""
        return self._chosen({line.kind.kind: line.why_left_out for line in feed_lines()}, "Every feed is switched off.")

    def _in_folder(self, origin: str) -> list[str]:
        """Every feed with files in the folder: who carries them there wants them read, needed or not; but not what is switched off."""
        off = set(Feed.objects.filter(enabled=False).values_list("kind", flat=True))
        reasons = {}
        for name, feed in FEEDS.items():
            present = name not in off and folder.files(Path(origin), feed)
            reasons[name] = "" if present else "Switched off." if name in off else f"No file in {origin}."
        return self._chosen(reasons, f"There is nothing to read in {origin}.")

    def _chosen(self, reasons: dict[str, str], nothing: str) -> list[str]:
        """The feeds without a reason against them; the others are named with theirs."""
        for name, reason in reasons.items():
            if reason:
                self.stdout.write(f"{name:<{WIDTH}} {reason}")
        chosen = [name for name, reason in reasons.items() if not reason]
        if not chosen:
            raise CommandError(nothing)
        return chosen

    def _sync(self, feed: FeedKind, origin: str | None) -> str:
        begun = time.monotonic()
        try:
            run = sync_feed(kind=feed.kind, origin=origin, now=timezone.now(), progress=self._progress)
        except FeedBusy as busy:
            self.stdout.write(f"{feed.kind:<{WIDTH}} {busy}")
            return FeedRun.State.FAILED
        self._clear()
        self.stdout.write(_line(run, time.monotonic() - begun))
        for sentence in run.error.splitlines():
            self.stdout.write(self.style.ERROR(f"{'':<{WIDTH}} {sentence}"))
        return run.state

    def _progress(self, run: FeedRun) -> None:
        if self.stdout.isatty():
            self.stdout.write(f"\r{run.feed_id:<{WIDTH}} {run.read:>9,} read", ending="")
            self.stdout.flush()

    def _clear(self) -> None:
        if self.stdout.isatty():
            self.stdout.write("\r", ending="")

    def _recompute(self) -> None:
        from tvm_portal import pipeline  # the whole portal; only needed here

        begun = time.monotonic()
        pipeline.run(now=timezone.now())
        self.stdout.write(f"Matched and scored anew in {time.monotonic() - begun:,.1f} s.")


def _line(run: FeedRun, seconds: float) -> str:
    if run.state == FeedRun.State.UNCHANGED and not run.read:
        return f"{run.feed_id:<{WIDTH}} nothing new ({seconds:,.1f} s)"
    counts = f"{run.read:>9,} read {run.new:>9,} new {run.changed:>9,} changed {run.removed:>7,} removed {run.rejected:>7,} rejected"
    return f"{run.feed_id:<{WIDTH}} {counts}  {run.get_state_display().lower()} ({seconds:,.1f} s)"
