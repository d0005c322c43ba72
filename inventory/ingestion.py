"""One file from bytes to stored reports: opening, recognising, parsing, batching, and the account of it."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import PurePath

from django.conf import settings
from django.db import DatabaseError

from inventory import aliases, own_systems, repeats
from inventory.digests import is_software
from inventory.errors import NoMachineNamed, TooLarge, UnreadableReport
from inventory.intake import Intake, Prepared, Totals, is_empty, machine_named
from inventory.models import IngestRun, RejectedRecord
from inventory.records import Rejected, Remark, Report
from inventory.sources import registry
from inventory.sources.frame import Limits
from inventory.sources.opening import Opened

KEPT_REJECTS = 1_000
_BATCH_MACHINES = 1_000
_BATCH_RECORDS = 100_000
_GENERIC = frozenset(
    {"bom", "sbom", "status", "dpkg", "dpkg-status", "osquery", "report", "results", "cyclonedx", "software", "packages"}
    | {"arf", "xccdf", "xccdf-results", "scap", "oscap", "sca"}
)
_ARCHIVE = re.compile(r"\.(?:zip|tgz|t[bx]z2?|tar(?:\.(?:gz|bz2|xz))?)$", re.IGNORECASE)
_NUMBERED = re.compile(r"(?:s?bom|vex)[-_]?\d*", re.IGNORECASE)


def limits() -> Limits:
    """The bounds that the settings give."""
    return Limits(bytes=settings.INGEST_MAX_BYTES, records=settings.INGEST_MAX_RECORDS, field=settings.INGEST_MAX_FIELD)


@dataclass(frozen=True, slots=True)
class Batch:
    """Reports of different machines, stored in one transaction; those `asking` the database has to complete before they are ready.

    `body`: the bytes that say what the one report says and no more, and mean the same whenever they come.
    """

    ready: list[Prepared]
    asking: list[Report]
    body: repeats.Body | None = None


class Ingestion:
    """The reading of one file into `run`, used once: its batches, and their storing.

    With an edition of the aliases at hand, the batches need no database and may be made by another thread. `meanwhile`: see Intake.
    """

    def __init__(
        self,
        *,
        run: IngestRun,
        filename: str,
        machine: str,
        platform: str,
        now: dt.datetime,
        only: str = "",
        edition: aliases.Edition | None = None,
        meanwhile: Callable[[], None] | None = None,
    ) -> None:
        self.run = run
        self._filename = filename
        self._only = only
        self._machine = only or machine.strip()
        self._platform = platform.strip().lower()
        self._now = now
        self._edition = edition
        self._meanwhile = meanwhile
        self._rejects: list[Rejected] = []
        self._totals = Totals()
        self._body: repeats.Body | None = None
        self._mark: aliases.Mark | None = None
        self._fault: UnreadableReport | None = None

    def recognise(self, opened: Opened, source: str | None) -> bool:
        """Whether a post brings nothing new, as its bytes tell. The run then has its counts and is not stored."""
        if self._filename or not source or source not in registry.SOURCES:
            return False
        kind = registry.named(source)
        self._body = repeats.body_of(opened, source=kind, machine=self._machine, only=self._only, platform=self._platform, limits=limits())
        if self._body is None:
            return False
        known, self._mark = repeats.look_up(self._body, now=self._now)
        if not known:
            return False
        self.run.source = kind.name
        self.run.machines = self.run.machines_unchanged = 1
        return True

    def batches(self, opened: Opened, source: str | None, *, refuse_oversized: bool = False) -> Iterator[Batch]:
        """What the file says that can be used, to be stored one after another: what comes before a fault, which `complete` tells."""
        batch: dict[str, Report] = {}
        records, before = 0, 0
        try:
            for report in self._reports(opened, source, refuse_oversized=refuse_oversized):
                if report.machine.external_id in batch or len(batch) >= _BATCH_MACHINES or records >= _BATCH_RECORDS:
                    yield self._batch(batch.values())
                    batch, records, before = {}, 0, before + 1
                batch[report.machine.external_id] = report
                records += len(report.software) + len(report.results) + len(report.findings) + len(report.alerts)
        except UnreadableReport as error:
            self._fault = error
        if batch:
            last = self._batch(batch.values())
            more = before or len(batch) > 1 or self._fault or self._rejects or self.run.error
            yield last if more or last.asking else replace(last, body=self._body)

    def _batch(self, reports: Iterable[Report]) -> Batch:
        found = Batch([], [])
        for report in reports:
            if own_systems.asks(report):
                found.asking.append(report)
            else:
                found.ready.append(self._intake.prepare(report))
        return found

    def fail(self, reason: str) -> None:
        """There is nothing to read."""
        self._fault = UnreadableReport(reason)

    def complete(self, batches: Iterable[Batch]) -> None:
        """Store the batches, and the run with its outcome.

        What is wrong with the file is told by a run that FAILED; TooLarge and all else that stopped it go on to the caller.
        """
        run = self.run
        try:
            self._store(batches)
            run.state = IngestRun.State.DONE
        except UnreadableReport as error:
            run.state, run.error = IngestRun.State.FAILED, str(error)
            if isinstance(error, TooLarge):
                self._finish()
                raise
        except Exception as error:
            run.state, run.error = IngestRun.State.FAILED, f"stopped by {type(error).__name__}; the same file again completes it"
            with suppress(DatabaseError):  # the database may be what stopped it; the first error is the one to show
                self._finish()
            raise
        self._finish()

    def _finish(self) -> None:
        self.run.finished_at = self._now
        self.run.save()

    def _store(self, batches: Iterable[Batch]) -> None:
        try:
            for batch in batches:
                asked = map(self._intake.prepare, own_systems.resolved(batch.asking))
                self._totals.add(self._intake.store([*batch.ready, *asked], body=batch.body))
            if self._fault is not None:
                raise self._fault
            if self._totals.machines == 0 and not self.run.error:
                raise UnreadableReport(self._why_nothing())
        finally:
            self._account()

    @cached_property
    def _intake(self) -> Intake:
        edition = self._edition or aliases.current(self._mark)
        return Intake(aliases=edition, now=self._now, platform=self._platform, meanwhile=self._meanwhile)

    def _why_nothing(self) -> str:
        if not self._rejects:
            return f"nothing in this {registry.named(self.run.source).label} says what is on a machine"
        return f"nothing could be used; {self._rejects[0].place}: {self._rejects[0].reason}"

    def _reports(self, opened: Opened, source: str | None, *, refuse_oversized: bool) -> Iterator[Report]:
        if len(self._machine) > 255 or not self._machine.isprintable():
            raise UnreadableReport("the machine's name is longer than 255 characters, or not printable")
        if opened.too_large and refuse_oversized:
            raise TooLarge(opened.fault)
        if opened.size == 0:
            raise UnreadableReport(opened.fault or "the file is empty")
        if opened.fault:
            self._reject(Rejected("file", opened.fault))
        kind = registry.named(source) if source else registry.detected(opened.head, self._filename)
        self.run.source = kind.name
        for item in kind.parse(opened.file, limits()):
            if isinstance(item, Rejected):
                self._reject(item)
            elif isinstance(item, Remark):
                self.run.error = item.text
            elif not is_empty(item):
                yield self._named(item, complete=not opened.fault)

    def _named(self, report: Report, *, complete: bool) -> Report:
        """The report of a named machine. A file that is cut off removes nothing, unless each of its records stands alone.

        That is so for snapshots of software where the format names the machine in each; results and findings come one by one.
        """
        if self._only and report.machine.external_id:
            report = replace(report, machine=replace(report.machine, external_id=self._only))
        if not report.machine.external_id:
            report = machine_named(report, self._name(report))
            return report if complete else replace(report, covers=frozenset())
        return report if complete else replace(report, covers=frozenset(filter(is_software, report.covers)))

    def _name(self, report: Report) -> str:
        name = self._machine or _name_from_file(self._filename) or report.fallback_id
        if not name:
            raise NoMachineNamed("this format names no machine; say which one the report is of")
        return name

    def _reject(self, rejected: Rejected) -> None:
        self.run.rejected += 1
        if len(self._rejects) < KEPT_REJECTS:
            self._rejects.append(rejected)

    def _account(self) -> None:
        totals, run = self._totals, self.run
        run.machines, run.machines_unchanged = totals.machines, totals.unchanged
        run.added, run.changed, run.removed = totals.added, totals.changed, totals.removed
        run.results, run.alerts, run.findings = totals.results, totals.alerts, totals.findings
        if self._rejects:
            if not run.pk:
                run.save()
            RejectedRecord.objects.bulk_create(
                RejectedRecord(run=run, place=item.place[:100], reason=item.reason[:300], excerpt=item.excerpt) for item in self._rejects
            )


def _name_from_file(filename: str) -> str:
    """web01 from web01.json.gz; a name that says nothing (bom.json) gives way to its folder's, or its archive's."""
    if not filename:
        return ""
    path = PurePath(filename)
    stem = re.sub(r"(\.(gz|json|xml|cdx|tsv|csv|txt|log|ndjson|jsonl|spdx|bz2|xz|\d+))+$", "", path.name, flags=re.IGNORECASE)
    if (stem.lower() in _GENERIC or _NUMBERED.fullmatch(stem)) and path.parent.name:
        return _ARCHIVE.sub("", path.parent.name)[:255]
    return stem[:255]
