"""What a report says, as one digest a part, so that a report that says nothing new is recognised without a look at its rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from functools import lru_cache
from hashlib import blake2b
from itertools import groupby
from operator import attrgetter
from typing import TypeVar

from inventory.records import AlertRecord, Check, CheckResult, FindingRecord, InstalledSoftware, MachineFacts, Report
from inventory.rules import names_are_final

CHECKS, FINDINGS, ALERTS = "checks/", "findings/", "alerts/"
"""What the parts other than ecosystems begin with. Those of alerts are no entries of `covers`: alerts are never complete."""

LOOSE = ""
"""The part of the results and findings outside every part: it has no digest, as what they add to is not known here."""

_Record = TypeVar("_Record", CheckResult, FindingRecord)
_SIZE = 12
_FACTS = attrgetter(*(field.name for field in fields(MachineFacts) if field.name != "external_id"))


@dataclass(frozen=True, slots=True)
class Parts:
    """`digests`: part -> digest, of the facts, of each entry of `covers` and of each source of alerts.

    `software`, `results`, `findings`, `alerts`: part -> its records. `additive` is the software outside every part; it
    has no digest, as what it adds to is not known here.
    """

    digests: dict[str, str]
    software: dict[str, list[InstalledSoftware]]
    additive: list[InstalledSoftware]
    results: dict[str, list[CheckResult]]
    findings: dict[str, list[FindingRecord]]
    alerts: dict[str, list[AlertRecord]]

    @property
    def is_whole(self) -> bool:
        """Whether the digests stand for everything the report says."""
        return bool(self.digests) and not self.additive and LOOSE not in self.results and LOOSE not in self.findings


class Digester:
    """Digests of reports under one edition of the alias table."""

    def __init__(self, *, alias_fingerprint: str) -> None:
        self._salt = alias_fingerprint.encode()

    def parts(self, report: Report) -> Parts:
        """Records in any order give the same digests. Names that aliases decide are digested together with the alias table."""
        software, additive = _software_parts(report)
        results = _grouped(report.results, report.covers, CHECKS, scope_of)
        findings = _grouped(report.findings, report.covers, FINDINGS, attrgetter("source"))
        alerts: dict[str, list[AlertRecord]] = {}
        for alert in report.alerts:
            alerts.setdefault(ALERTS + alert.source, []).append(alert)
        digests = {part: _digest(map(record_digest, records), self._salt_of(part)) for part, records in software.items()}
        digests |= {part: _digest(_said_of_checks(part, records, report.checks)) for part, records in results.items() if part}
        digests |= {part: _digest(map(_finding_digest, records), self._salt) for part, records in findings.items() if part}
        digests |= {part: _digest(map(_plain_digest, records)) for part, records in alerts.items()}
        said = facts_said(report.machine)
        if any(said):
            digests["facts"] = blake2b(repr(said).encode(), digest_size=_SIZE).hexdigest()
        return Parts(digests=digests, software=software, additive=additive, results=results, findings=findings, alerts=alerts)

    def _salt_of(self, part: str) -> bytes:
        return b"" if names_are_final(part) else self._salt


def scope_of(record: Check | CheckResult) -> str:
    """What a scope is compared with: it is of `xccdf`, and of `xccdf/BENCHMARK` where its identifier begins with that."""
    return f"{record.source}/{record.external_id}"


def is_within(scope: str, wanted: str) -> bool:
    """Whether a record of this scope (see scope_of) belongs to the entry `checks/wanted`. In SQL: merge_results.sql."""
    return scope.startswith(f"{wanted}/")


def is_software(part: str) -> bool:
    return not part.startswith((CHECKS, FINDINGS, ALERTS))


def _software_parts(report: Report) -> tuple[dict[str, list[InstalledSoftware]], list[InstalledSoftware]]:
    software: dict[str, list[InstalledSoftware]] = {part: [] for part in sorted(filter(is_software, report.covers))}
    additive: list[InstalledSoftware] = []
    by_vendor = {part.partition("/")[0] for part in software if "/" in part}
    for part, records in groupby(report.software, attrgetter("ecosystem")):
        if part in by_vendor:
            for record in records:
                software.get(f"{part}/{record.vendor}", software.get(part, additive)).append(record)
        else:
            software.get(part, additive).extend(records)
    return software, additive


def _grouped(records: Iterable[_Record], covers: frozenset[str], kind: str, scope: Callable[[_Record], str]) -> dict[str, list[_Record]]:
    """The records by the entry of `covers` that they belong to; those of none under LOOSE, which is left out where empty."""
    grouped: dict[str, list[_Record]] = {part: [] for part in sorted(covers) if part.startswith(kind)}
    wanted = [(part, part.removeprefix(kind)) for part in grouped]
    for record in records:
        own = scope(record)
        part = next((part for part, of in wanted if own == of or is_within(own, of)), LOOSE)
        grouped.setdefault(part, []).append(record)
    return grouped


def _said_of_checks(part: str, results: Iterable[CheckResult], checks: Iterable[Check]) -> Iterable[bytes]:
    """A part's results, and how the catalogue describes its checks."""
    yield from map(_plain_digest, results)
    yield from (_plain_digest(check) for check in checks if is_within(scope_of(check), part.removeprefix(CHECKS)))


def _digest(said: Iterable[bytes], salt: bytes = b"") -> str:
    return blake2b(salt + b"".join(sorted(said)), digest_size=_SIZE).hexdigest()


@lru_cache(maxsize=32_768)
def record_digest(record: InstalledSoftware) -> bytes:
    """The digest of one record. Records repeat from machine to machine and from report to report."""
    named = (record.ecosystem, record.name, record.version, record.vendor, record.cpe, record.platform, record.package, record.identifier)
    return blake2b("\x1f".join((*named, *sorted(record.evidence))).encode(), digest_size=_SIZE).digest()


@lru_cache(maxsize=8_192)
def _plain_digest(record: Check | CheckResult | AlertRecord) -> bytes:
    return blake2b(repr(record).encode(), digest_size=_SIZE).digest()


def _finding_digest(record: FindingRecord) -> bytes:
    said = f"{record.source}\x1f{record.weakness}\x1f{record.severity}\x1f{record.fixed}"
    return blake2b(said.encode() + record_digest(record.about), digest_size=_SIZE).digest()


def facts_said(facts: MachineFacts) -> tuple[object, ...]:
    """Everything a report says about the machine but its identifier."""
    said: tuple[object, ...] = _FACTS(facts)
    return said
