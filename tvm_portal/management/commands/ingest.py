"""`manage.py ingest`: files and folders of any supported format into the inventory."""

from __future__ import annotations

import platform as this_machine
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
from inventory.actions import ingest
from inventory.arrivals import Arrival, arrivals_of, files_of, platform_beside
from inventory.models import IngestRun, Software
from inventory.sources.registry import SOURCES

_SHOWN = 20
_COUNTED = ("machines", "machines_unchanged", "added", "changed", "removed", "results", "alerts", "findings")
_MANY_INSTALLATIONS = 20_000
_OWN_DATABASE = Path("/var/lib/dpkg/status")


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
        runs = [run for number, file in enumerate(files, 1) for run in self._read(file, f"{number}/{len(files)}", options)]
        done = [run for run in runs if run.state == IngestRun.State.DONE]
        changed = any(_is_change(run) for run in done)
        if sum(run.added for run in done) >= _MANY_INSTALLATIONS:
            bulk.refresh_statistics()
        if changed and not options["no_recompute"]:
            self._recompute()
        self._report(runs, done, changed=changed)
        if not done:
            sys.exit(1)

    def _read(self, path: Path, progress: str, options: dict[str, Any]) -> Iterator[IngestRun]:
        """The runs of a file: one, or one for each file in the archive that it is."""
        try:
            for arrival in arrivals_of(path, limit=settings.INGEST_MAX_BYTES):
                yield self._read_one(path, arrival, progress, options)
        except OSError as error:
            yield self._told(IngestRun(label=str(path), state=IngestRun.State.FAILED, error=f"cannot be read: {error.strerror}"), progress)

    def _read_one(self, path: Path, arrival: Arrival, progress: str, options: dict[str, Any]) -> IngestRun:
        started = time.monotonic()
        if arrival.file is None:
            return self._told(IngestRun(label=arrival.name, state=IngestRun.State.FAILED, error=arrival.fault), progress)
        run = ingest(
            stream=arrival.file,
            filename=arrival.name,
            source=options["format"],
            machine=options["machine"] or _own_name(path),
            platform=options["platform"] or platform_beside(path),
            now=timezone.now(),
            by="command line",
        )
        return self._told(run, progress, time.monotonic() - started)

    def _told(self, run: IngestRun, progress: str, seconds: float = 0) -> IngestRun:
        machines = f"{run.machines:,} machine{'' if run.machines == 1 else 's'}"
        outcome = run.error if run.state == IngestRun.State.FAILED else f"{run.source}, {run.error or machines}"
        self.stderr.write(f"[{progress}] {run.label}: {outcome} ({seconds:.1f} s)")
        return run

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


def _own_name(file: Path) -> str:
    """This very machine's package database is this machine's."""
    return this_machine.node() if file.absolute() == _OWN_DATABASE else ""


def _is_change(run: IngestRun) -> bool:
    return run.machines_unchanged < run.machines


def _software_of(runs: list[IngestRun]) -> int:
    """Software in the inventory, once anything was read."""
    return Software.objects.count() if runs else 0
