from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from tvm_portal import pipeline


class Command(BaseCommand):
    help = "A full run now: match, score, write today's history."

    def handle(self, *args: Any, **options: Any) -> None:
        run = pipeline.run(now=timezone.now())
        score = "none yet" if run.score is None else f"{run.score:.1f}"
        seconds = (run.finished_at - run.started_at).total_seconds() if run.finished_at else 0.0
        self.stdout.write(f"{run.machines} machines, exposure score {score}, {seconds:.1f} s")
