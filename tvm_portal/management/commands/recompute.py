import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from inventory.models import Machine
from tvm_portal import pipeline


class Command(BaseCommand):
    help = "A full run now: match, score, write today's history."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--afresh", action="store_true", help="Keep nothing that was matched or computed earlier. Slow; all else waits."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        started = time.monotonic()
        run = pipeline.run(now=timezone.now(), afresh=options["afresh"])
        score = "none yet" if run.score is None else f"{run.score:.1f}"
        seconds = time.monotonic() - started
        self.stdout.write(f"{Machine.objects.count():,} machines, {run.machines:,} rebuilt; exposure score {score}; {seconds:.1f} s")
