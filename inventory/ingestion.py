"""One file from bytes to stored reports: opening, recognising, parsing, batching, and the account of it."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import PurePath

from django.conf import settings

from inventory import aliases, own_systems, repeats
from inventory.digests import is_software
from inventory.errors import NoMachineNamed, TooLarge, UnreadableReport
from inventory.intake import Intake, Totals, is_empty, machine_named
from inventory.models import IngestRun, RejectedRecord
from inventory.records import Rejected, Remark, Report, Reports
from inventory.sources import registry
from inventory.sources.frame import Limits, Source
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


class Ingestion:
    """The reading of one file into `run`. Used once."""

    def __init__(self, *, run: IngestRun, filename: str, machine: str, platform: str, now: dt.datetime, only: str = "") -> None:
        self._run = run
        self._filename = filename
        self._only = only
        self._machine = only or machine.strip()
        self._platform = platform.strip().lower()
        self._now = now
        self._rejects: list[Rejected] = []
        self._totals = Totals()
        self._body: repeats.Body | None = None
        self._mark: aliases.Mark | None = None

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
        self._run.source = kind.name
        self._run.machines = self._run.machines_unchanged = 1
        return True

    def read(self, opened: Opened, source: str | None, *, refuse_oversized: bool = False) -> None:
        """Store everything that can be used. Raises UnreadableReport where nothing can."""
        if len(self._machine) > 255 or not self._machine.isprintable():
            raise UnreadableReport("the machine's name is longer than 255 characters, or not printable")
        if opened.too_large and refuse_oversized:
            raise TooLarge(opened.fault)
        try:
            self._read(opened, source, limits())
        finally:
            self._account()

    def _read(self, opened: Opened, source: str | None, bounds: Limits) -> None:
        if opened.size == 0:
            raise UnreadableReport(opened.fault or "the file is empty")
        if opened.fault:
            self._reject(Rejected("file", opened.fault))
        kind = registry.named(source) if source else registry.detected(opened.head, self._filename)
        self._run.source = kind.name
        self._store(kind.parse(opened.file, bounds), complete=not opened.fault)
        if self._totals.machines == 0 and not self._run.error:
            raise UnreadableReport(self._why_nothing(kind))

    def _why_nothing(self, kind: Source) -> str:
        if not self._rejects:
            return f"nothing in this {kind.label} says what is on a machine"
        return f"nothing could be used; {self._rejects[0].place}: {self._rejects[0].reason}"

    def _store(self, found: Reports, *, complete: bool) -> None:
        intake = Intake(aliases=aliases.current(self._mark), now=self._now, platform=self._platform)
        batch: dict[str, Report] = {}
        records, fault = 0, None
        try:
            for report in self._reports(found, complete=complete):
                if report.machine.external_id in batch or len(batch) >= _BATCH_MACHINES or records >= _BATCH_RECORDS:
                    self._totals.add(intake.store(own_systems.resolved(batch.values())))
                    batch, records = {}, 0
                batch[report.machine.external_id] = report
                records += len(report.software) + len(report.results) + len(report.findings) + len(report.alerts)
        except UnreadableReport as error:  # what was read before a file turned out to be unreadable further on is kept
            fault = error
        if batch:
            self._totals.add(intake.store(own_systems.resolved(batch.values()), body=None if fault else self._whole_body(batch)))
        if fault is not None:
            raise fault

    def _whole_body(self, batch: Mapping[str, Report]) -> repeats.Body | None:
        """The body, where this one report is all it says, and means the same whenever it comes."""
        if len(batch) > 1 or self._totals.machines or self._rejects or self._run.error:
            return None
        return None if any(map(own_systems.asks, batch.values())) else self._body

    def _reports(self, found: Reports, *, complete: bool) -> Iterator[Report]:
        for item in found:
            if isinstance(item, Rejected):
                self._reject(item)
            elif isinstance(item, Remark):
                self._run.error = item.text
            elif not is_empty(item):
                yield self._named(item, complete=complete)

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
        self._run.rejected += 1
        if len(self._rejects) < KEPT_REJECTS:
            self._rejects.append(rejected)

    def _account(self) -> None:
        totals, run = self._totals, self._run
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
