"""`manage.py ingest`: files and folders of any supported format into the inventory."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from inventory import bulk
from inventory.arrivals import arrivals_of, files_of
from inventory.loading import load
from inventory.models import IngestRun, Software
from inventory.sources.registry import SOURCES

_SHOWN = 20
_COUNTED = ("machines", "machines_unchanged", "added", "changed", "removed", "results", "alerts", "findings")
_MANY_INSTALLATIONS = 20_000


class Command(BaseCommand):
    help = "Read inventory reports (files, folders and archives, compressed or not) and store what they say is installed."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="file or archive, or folder read with all folders in it")
        parser.add_argument("--format", choices=sorted(SOURCES), help="instead of recognising the format")
        parser.add_argument("--machine", default="", help="the machine, for formats that name none")
        parser.add_argument("--platform", default="", help="its release, where the report does not tell: debian-12")
        parser.add_argument("--no-recompute", action="store_true", help="store only; scores follow with the next run")

    def handle(self, *args: Any, **options: Any) -> None:
        files = list(files_of(options["paths"]))
        if not files:
            raise CommandError("There is no file to read.")
        runs = list(self._runs(files, options))
        done = [run for run in runs if run.state == IngestRun.State.DONE]
        changed = any(_is_change(run) for run in done)
        if sum(run.added for run in done) >= _MANY_INSTALLATIONS:
            bulk.refresh_statistics()
        if changed and not options["no_recompute"]:
            self._recompute()
        self._report(runs, done, changed=changed)
        if not done:
            sys.exit(1)

    def _runs(self, files: list[Path], options: dict[str, Any]) -> Iterator[IngestRun]:
        """The runs of all files, each told as it ends: one a file, or one for each file in the archive that it is."""
        found = (arrival for file in files for arrival in arrivals_of(file, limit=settings.INGEST_MAX_BYTES))
        numbers = {file: number for number, file in enumerate(files, 1)}
        started = time.monotonic()
        for arrival, run in load(
            found, source=options["format"], machine=options["machine"], platform=options["platform"], clock=timezone.now
        ):
            self._tell(run, f"{numbers[arrival.path]}/{len(files)}", time.monotonic() - started)
            started = time.monotonic()
            yield run

    def _tell(self, run: IngestRun, progress: str, seconds: float) -> None:
        machines = f"{run.machines:,} machine{'' if run.machines == 1 else 's'}"
        outcome = run.error if run.state == IngestRun.State.FAILED else f"{run.source}, {run.error or machines}"
        self.stderr.write(f"[{progress}] {run.label}: {outcome} ({seconds:.1f} s)")

    def _recompute(self) -> None:
        from tvm_portal import pipeline

        self.stderr.write("Matching and scoring what changed ...")
        pipeline.run(now=timezone.now())

    def _report(self, runs: list[IngestRun], done: list[IngestRun], *, changed: bool) -> None:
        totals = Counter[str]()
        for run in done:
            for name in _COUNTED:
                totals[name] += getattr(run, name)
        failed = [run for run in runs if run.state == IngestRun.State.FAILED]
        rows = [
            ("Files read", len(done)),
            ("Files refused", len(failed)),
            ("Machines", totals["machines"]),
            ("  unchanged", totals["machines_unchanged"]),
            ("Software in inventory", _software_of(done)),
            ("Installations added", totals["added"]),
            ("Installations changed", totals["changed"]),
            ("Installations removed", totals["removed"]),
            ("Check results changed", totals["results"]),
            ("Alerts changed", totals["alerts"]),
            ("Second opinions changed", totals["findings"]),
            ("Records rejected", sum(run.rejected for run in runs)),
        ]
        for label, value in rows:
            self.stdout.write(f"{label:<24}{value:>10,}")
        for run in failed:
            self.stdout.write(f"Refused: {run.label}: {run.error}")
        self._list_notes([run for run in done if run.error])
        self._list_rejects([run for run in runs if run.rejected])
        if done and not changed:
            self.stdout.write("Nothing changed.")

    def _list_notes(self, noted: list[IngestRun]) -> None:
        for run in noted[:_SHOWN]:
            self.stdout.write(f"Noted: {run.label}: {run.error}")
        if more := len(noted[_SHOWN:]):
            self.stdout.write(f"... and {more:,} more files with such a note")

    def _list_rejects(self, runs: list[IngestRun]) -> None:
        """Some of every file, so that one with many does not hide what is wrong with the others."""
        each = max(1, _SHOWN // max(1, len(runs)))
        for run in runs[:_SHOWN]:
            for item in run.rejects.order_by("id")[:each]:
                self.stdout.write(f"Rejected: {run.label}, {item.place}: {item.reason}")
            if run.rejected > each:
                self.stdout.write(f"... and {run.rejected - each:,} more of this file")
        if more := sum(run.rejected for run in runs[_SHOWN:]):
            self.stdout.write(f"... and {more:,} more of {len(runs[_SHOWN:]):,} other files")
        if runs:
            self.stdout.write("Curation, Ingest runs, lists the rejected records of every file.")


def _is_change(run: IngestRun) -> bool:
    return run.machines_unchanged < run.machines


def _software_of(runs: list[IngestRun]) -> int:
    """Software in the inventory, once anything was read."""
    return Software.objects.count() if runs else 0
