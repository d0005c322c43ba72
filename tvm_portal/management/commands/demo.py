from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from inventory.models import Machine
from tvm_portal import pipeline
from tvm_portal.demo import replay, store


class Command(BaseCommand):
    help = "A believable organisation with real software versions and weaknesses, and a history. Labelled as demo; --remove takes it out."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--machines", type=int, default=500)
        parser.add_argument("--days", type=int, default=60)
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument("--remove", action="store_true", help="Take the demo out again.")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["remove"]:
            self._remove()
            return
        if not 20 <= options["machines"] <= 20_000:
            raise CommandError("--machines: 20 to 20,000")
        if not 0 <= options["days"] <= 180:
            raise CommandError("--days: 0 to 180")
        if Machine.objects.filter(is_demo=True).exists():
            self._remove()
        replay.play(count=options["machines"], days=options["days"], seed=options["seed"], now=timezone.now(), progress=self._progress)
        self.stdout.write(
            f"Demo: {options['machines']:,} machines with {options['days']} days of history. manage.py demo --remove takes it out."
        )

    def _remove(self) -> None:
        count = store.remove()
        pipeline.run(now=timezone.now())
        self.stdout.write(f"Removed {count:,} demo machines.")

    def _progress(self, done: int, total: int) -> None:
        if done % 10 == 0 or done == total:
            self.stdout.write(f"  day {done} of {total}")
            self.stdout.flush()
