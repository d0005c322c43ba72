import os
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from inventory.models import Machine
from tvm_portal import pipeline
from tvm_portal.demo import large, replay, store

MOST = 2_000_000


class Command(BaseCommand):
    help = (
        "A believable organisation with real software versions and weaknesses, and a history. Labelled as demo; --remove takes it out. "
        "A large one is copied in as of today, in minutes, without a history."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--machines", type=int, default=500)
        parser.add_argument("--days", type=int, help="Days of history: 60, or none where the fleet is copied in.")
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument("--remove", action="store_true", help="Take the demo out again.")
        parser.add_argument("--no-recompute", action="store_true", help="Leave the full run to the schedule, or to manage.py recompute.")
        parser.add_argument("--copy-above", type=int, default=large.THRESHOLD, help="Fleets of more machines than this are copied in.")
        parser.add_argument("--workers", type=int, default=min(4, os.cpu_count() or 1), help="Connections that a large fleet is loaded by.")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["remove"]:
            self._remove(run=not options["no_recompute"])
            return
        if not 20 <= options["machines"] <= MOST:
            raise CommandError(f"--machines: 20 to {MOST:,}")
        if not 0 <= (options["days"] or 0) <= 180:
            raise CommandError("--days: 0 to 180")
        if options["machines"] > options["copy_above"]:
            self._large(**options)
        else:
            self._small(**options)

    def _small(self, *, machines: int, days: int | None, seed: int, **_: Any) -> None:
        days = 60 if days is None else days
        self._replace(run=True)
        replay.play(count=machines, days=days, seed=seed, now=timezone.now(), progress=self._progress)
        self.stdout.write(f"Demo: {machines:,} machines with {days} days of history. manage.py demo --remove takes it out.")

    def _large(self, *, machines: int, days: int | None, seed: int, workers: int, no_recompute: bool, **_: Any) -> None:
        if days:
            raise CommandError("--days: a fleet that is copied in has no history; leave it out, or raise --copy-above")
        self._replace(run=False)
        large.make(count=machines, seed=seed, now=timezone.now(), workers=max(1, workers), say=self._say)
        if not no_recompute:
            self._say("full run ...")
            pipeline.run(now=timezone.now())
        self._say(f"Demo: {machines:,} machines without a history. manage.py demo --remove takes it out.")

    def _replace(self, *, run: bool) -> None:
        if Machine.objects.filter(is_demo=True).exists():
            self._remove(run=run)

    def _remove(self, *, run: bool) -> None:
        count = store.remove(say=self._say)
        if run:
            pipeline.run(now=timezone.now())
            store.remove_made_up()
        self.stdout.write(f"Removed {count:,} demo machines.")

    def _progress(self, done: int, total: int) -> None:
        if done % 10 == 0 or done == total:
            self._say(f"  day {done} of {total}")

    def _say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()
