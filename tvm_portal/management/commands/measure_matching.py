"""`manage.py measure_matching`: how well matching agrees with the ground truth of a folder."""

from __future__ import annotations

import json
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from core.scratch import NoScratchDatabase, scratch_database
from weaknesses.measuring import running
from weaknesses.measuring.frame import Example, Outcome


class Command(BaseCommand):
    help = "Load the feeds of a folder into a scratch database, match the ground truth below it, and print precision and recall per set."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("data", type=Path, metavar="DATA_DIR", help="Folder with feeds and ground truth, in any layout.")
        parser.add_argument("--json", dest="as_json", action="store_true", help="Print a list of objects instead of a table.")
        parser.add_argument("--only", nargs="+", default=[], metavar="NAME", help="Sets whose name begins so.")
        parser.add_argument("--explain", nargs="+", default=[], metavar="NAME", help="List each miss and each wrong match of these sets.")

    def handle(self, *args: Any, data: Path, as_json: bool, only: list[str], explain: list[str], **options: Any) -> None:
        if not data.is_dir():
            raise CommandError(f"There is no folder {data}.")
        found = running.cases(data, say=self._say)
        chosen = [item for item in found if not only or item.case.name.startswith(tuple(only))]
        if not chosen:
            names = ", ".join(item.case.name for item in found)
            raise CommandError(f"There is no such set in {data}; there are: {names}." if names else f"There is no ground truth in {data}.")
        begun = time.monotonic()
        try:
            with scratch_database():
                outcomes = sorted(running.measure(data, chosen, now=timezone.now(), say=self._say), key=lambda outcome: outcome.set)
        except NoScratchDatabase as error:
            raise CommandError(str(error)) from error
        self._say(f"Measured in {time.monotonic() - begun:,.0f} s.")
        self.stdout.write(_json(outcomes) if as_json else _table(outcomes))
        for outcome in outcomes:
            if explain and outcome.set.startswith(tuple(explain)):
                self._explain(outcome)

    def _say(self, sentence: str) -> None:
        self.stderr.write(sentence, ending="\n")

    def _explain(self, outcome: Outcome) -> None:
        """To stderr, so that JSON stays JSON."""
        self._say(f"\n{outcome.set}")
        for note in outcome.notes:
            self._say(f"  {note}")
        for title, examples in (("missed", outcome.misses), ("wrong", outcome.wrongs)):
            for example in examples:
                self._say(f"  {title} {_sentence(example)}")


def _json(outcomes: list[Outcome]) -> str:
    return json.dumps([outcome.as_json() for outcome in outcomes], indent=2)


def _table(outcomes: list[Outcome]) -> str:
    width = max(len(outcome.set) for outcome in outcomes) if outcomes else 3
    head = f"{'Set':<{width}} {'Expected':>9} {'Found':>9} {'Missed':>8} {'Wrong':>8} {'Precision':>10} {'Recall':>8}"
    rows = [
        f"{outcome.set:<{width}} {outcome.expected:>9,} {outcome.found:>9,} {outcome.missed:>8,} {outcome.wrong:>8,}"
        f" {outcome.precision:>10.4f} {outcome.recall:>8.4f}"
        for outcome in outcomes
    ]
    return "\n".join([head, *rows])


def _sentence(example: Example) -> str:
    return f"{example.subject}: {example.weakness}" + (f" - {example.why}" if example.why else "")
