"""`manage.py ingest`: files and folders of any supported format into the inventory."""

from __future__ import annotations

import platform as this_machine
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from inventory import bulk
from inventory.actions import ingest
from inventory.models import IngestRun, RejectedRecord, Software
from inventory.sources.registry import SOURCES
from inventory.sources.systems import platform_of_os_release

_SHOWN_REJECTS = 20
_COUNTED = ("machines", "machines_unchanged", "added", "changed", "removed", "results", "alerts", "findings")
_MANY_INSTALLATIONS = 20_000
_OWN_DATABASE = Path("/var/lib/dpkg/status")
_OS_RELEASE_LIMIT = 65_536


class Command(BaseCommand):
    help = "Read inventory reports (files, folders, gzip or not) and store what they say is installed."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="file, or folder read with all folders in it")
        parser.add_argument("--format", choices=sorted(SOURCES), help="instead of recognising the format")
        parser.add_argument("--machine", default="", help="the machine, for formats that name none")
        parser.add_argument("--platform", default="", help="its release, where the report does not tell: debian-12")
        parser.add_argument("--no-recompute", action="store_true", help="store only; scores follow with the next run")

    def handle(self, *args: Any, **options: Any) -> None:
        files = list(_files(options["paths"]))
        if not files:
            raise CommandError("There is no file to read.")
        runs = [self._read(file, number, len(files), options) for number, file in enumerate(files, 1)]
        done = [run for run in runs if run.state == IngestRun.State.DONE]
        changed = any(_is_change(run) for run in done)
        if sum(run.added for run in done) >= _MANY_INSTALLATIONS:
            bulk.refresh_statistics()
        if changed and not options["no_recompute"]:
            self._recompute()
        self._report(runs, done, changed=changed)
        if not done:
            sys.exit(1)

    def _read(self, file: Path, number: int, total: int, options: dict[str, Any]) -> IngestRun:
        started = time.monotonic()
        try:
            with file.open("rb") as stream:
                run = ingest(
                    stream=stream,
                    filename=str(file),
                    source=options["format"],
                    machine=options["machine"] or _own_name(file),
                    platform=options["platform"] or _platform_beside(file),
                    now=timezone.now(),
                    by="command line",
                )
        except OSError as error:
            run = IngestRun(label=str(file), state=IngestRun.State.FAILED, error=f"cannot be read: {error.strerror}")
        outcome = run.error if run.state == IngestRun.State.FAILED else f"{run.source}, {run.machines} machines"
        self.stderr.write(f"[{number}/{total}] {file}: {outcome} ({time.monotonic() - started:.1f} s)")
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
        self._list_rejects(runs)
        if done and not changed:
            self.stdout.write("Nothing changed.")

    def _list_rejects(self, runs: list[IngestRun]) -> None:
        total = sum(run.rejected for run in runs)
        rejects = RejectedRecord.objects.filter(run__in=[run for run in runs if run.pk]).select_related("run").order_by("run_id", "id")
        shown = list(rejects[:_SHOWN_REJECTS])
        for item in shown:
            self.stdout.write(f"Rejected: {item.run.label}, {item.place}: {item.reason}")
        if total > len(shown):
            self.stdout.write(f"... and {total - len(shown):,} more")


def _files(paths: list[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from sorted(file for file in path.rglob("*") if file.is_file() and not _is_passed_over(file, path))
        else:
            yield path


def _is_passed_over(file: Path, root: Path) -> bool:
    """Hidden files, and os-release files, which are read together with the report beside them."""
    return file.name.endswith("os-release") or any(part.startswith(".") for part in file.relative_to(root).parts)


def _own_name(file: Path) -> str:
    """This very machine's package database is this machine's."""
    return this_machine.node() if file.absolute() == _OWN_DATABASE else ""


def _platform_beside(file: Path) -> str:
    """From an os-release file of the same name's beginning (web01-os-release), or of the root that a dpkg database is in."""
    root = file.absolute().parents[3] if file.absolute().as_posix().endswith("/var/lib/dpkg/status") else None
    stem = file.name.split("-dpkg")[0].split(".status")[0]
    candidates = [file.parent / f"{stem}-os-release", file.parent / f"{stem}.os-release"]
    if file.name in {"status", "dpkg-status", "dpkg-status.gz", "status.gz"}:
        candidates.append(file.parent / "os-release")
    if root is not None:
        candidates += [root / "etc/os-release", root / "usr/lib/os-release"]
    for candidate in candidates:
        if candidate.is_file() and candidate.absolute() != file.absolute():
            with candidate.open(encoding="utf-8", errors="replace") as text:
                return platform_of_os_release(text.read(_OS_RELEASE_LIMIT))
    return ""


def _is_change(run: IngestRun) -> bool:
    return run.machines_unchanged < run.machines


def _software_of(runs: list[IngestRun]) -> int:
    """Software in the inventory, once anything was read."""
    return Software.objects.count() if runs else 0
