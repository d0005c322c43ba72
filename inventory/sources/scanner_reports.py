"""What the reports of other scanners have in common: machines, the software found on them, and second opinions about it.

A scanner's packages become inventory; what it found in them is kept as its opinion. A finding is about a software,
so one that names none is no use and is said so; what is no vulnerability at all is only counted.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import BinaryIO

from inventory.records import FindingRecord, InstalledSoftware, MachineFacts, Rejected, Report, Reports
from inventory.sources import csv_stream, fields
from inventory.sources.frame import Limits
from inventory.sources.json_stream import BadJson, values
from inventory.sources.rows import Found, Row, texts

_WEAKNESS_LIMIT = 30
_FIXED_LIMIT = 200
_CVE = re.compile(r"\bCVE-\d{4}-\d{4,19}\b", re.IGNORECASE)
_SEVERITIES = {
    "critical": "critical",
    "high": "high",
    "important": "high",
    "medium": "medium",
    "moderate": "medium",
    "low": "low",
    "minor": "low",
    "negligible": "low",
    "info": "info",
    "informational": "info",
    "none": "info",
    "log": "info",
}
_BANDS = ((9.0, "critical"), (7.0, "high"), (4.0, "medium"), (0.1, "low"))


@dataclass(slots=True)
class Assessed:
    """One machine as one scanner's report describes it. `covers`: the ecosystems that the report is complete for."""

    facts: MachineFacts
    fallback_id: str = ""
    software: dict[InstalledSoftware, None] = field(default_factory=dict)
    findings: dict[tuple[str, InstalledSoftware], FindingRecord] = field(default_factory=dict)
    covers: set[str] = field(default_factory=set)
    full: bool = False


class Scan:
    """What has been read of one report. `complete`: it is whole, so that what it no longer says is gone."""

    def __init__(self, scanner: str, limits: Limits) -> None:
        self.complete = True
        self.limits = limits
        self._scanner = scanner
        self._machines: dict[str, Assessed] = {}
        self._left_out: Counter[str] = Counter()

    def machine(self, external_id: str, facts: MachineFacts | None = None, *, fallback_id: str = "") -> Assessed:
        """The machine of that identifier, made with `facts` where it is new. "": the one that the report does not name."""
        known = self._machines.get(external_id)
        if known is None:
            known = self._machines[external_id] = Assessed(facts or MachineFacts(external_id), fallback_id)
        return known

    @property
    def has_machines(self) -> bool:
        return bool(self._machines)

    def install(self, machine: Assessed, software: InstalledSoftware) -> None:
        if software not in machine.software and self._has_room(machine):
            machine.software[software] = None

    def find(self, machine: Assessed, weakness: object, about: InstalledSoftware, *, severity: object = "", fixed: object = "") -> None:
        """A finding about a software, which is thereby known to be there. Raises BadField where its identifier is no use."""
        named = weakness_id(weakness, self.limits)
        self.install(machine, about)
        if about in machine.software and (named, about) not in machine.findings and self._has_room(machine):
            record = FindingRecord(self._scanner, named, about, severity_of(severity), _line(fixed, self.limits))
            machine.findings[named, about] = record

    def leave_out(self, what: str) -> None:
        """Count a record that is no finding about a software ("secrets"); each kind is told once, with its number."""
        self._left_out[what] += 1

    def reports(self) -> Reports:
        """What was left out, then a Report for each machine."""
        for what, count in self._left_out.items():
            yield Rejected("file", f"{what}: {count:,} left out")
        for external_id, machine in self._machines.items():
            if machine.full:
                reason = f"more than {self.limits.records:,} records of one machine; the rest was left out"
                yield Rejected(f"machine {external_id}"[:100], reason)
            whole = self.complete and not machine.full
            yield Report(
                machine=machine.facts,
                software=tuple(machine.software),
                covers=frozenset({*machine.covers, f"findings/{self._scanner}"} if whole else ()),
                fallback_id=machine.fallback_id[:255],
                findings=tuple(machine.findings.values()),
            )

    def _has_room(self, machine: Assessed) -> bool:
        if len(machine.software) + len(machine.findings) >= self.limits.records:
            machine.full = True
        return not machine.full


# --- documents ---------------------------------------------------------------------------------------------------------


def json_values(stream: BinaryIO, scan: Scan, *paths: str, ends: Iterable[str] = ()) -> Iterator[Found]:
    """(path, value) as json_stream gives them. A document that ends early is told at its end, and then is not complete."""
    number = 0
    try:
        for found in values(stream, *paths, ends=frozenset(ends)):
            number += 1
            yield found
    except BadJson as error:
        scan.complete = False
        yield "", Rejected("document", f"not valid JSON after value {number}: {error}; what came before was read")


def csv_records(stream: BinaryIO, scan: Scan, *, is_header: Callable[[list[str]], bool]) -> Iterator[Found]:
    """(place, row). A bad row may be what is left of a file that was cut off, and so the file is not complete."""
    for place, row in csv_stream.rows(stream, scan.limits, is_header=is_header):
        scan.complete = scan.complete and not isinstance(row, Rejected)
        yield place, row
    scan.complete = scan.complete and stream.tell() < scan.limits.bytes


def columns(row: Row, names: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """What a row says under names of our own: of the columns listed for each, the first that is filled."""
    return {wanted: next((str(row[name]).strip() for name in listed if row.get(name)), "") for wanted, listed in names.items()}


# --- values ----------------------------------------------------------------------------------------------------------


def weakness_id(value: object, limits: Limits) -> str:
    """A CVE, else an advisory's identifier. Raises BadField."""
    text = fields.text(value, "vulnerability", limits, needed=True)
    if len(text) > _WEAKNESS_LIMIT:
        raise fields.BadField(f"vulnerability is longer than {_WEAKNESS_LIMIT} characters")
    return text.upper() if text[:4].lower() == "cve-" else text


def cves_in(text: str) -> list[str]:
    """Every CVE that a text names, once, in order."""
    return list(dict.fromkeys(found.upper() for found in _CVE.findall(text)))


def preferred_id(own: object, others: Iterable[object]) -> object:
    """The identifier to know a vulnerability by: its own where that is a CVE, else the first CVE among its other names."""
    names = [name for name in (own, *others) if isinstance(name, str)]
    return next((name for name in names if name[:4].lower() == "cve-"), own)


def severity_of(value: object) -> str:
    """critical, high, medium, low or info, from a word or a CVSS score (CVSS 3.1, section 5); "" where unknown."""
    if isinstance(value, str):
        word = value.strip().lower()
        if word in _SEVERITIES:
            return _SEVERITIES[word]
        try:
            value = float(word)
        except ValueError:
            return ""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return ""
    return next((name for floor, name in _BANDS if value >= floor), "info" if value == 0 else "")


def _line(value: object, limits: Limits) -> str:
    """What fixes it is a hint: one that is no use never sinks the finding."""
    joined = ", ".join(texts(value)) if isinstance(value, list) else value
    try:
        return fields.text(joined, "fixed", limits)[:_FIXED_LIMIT]
    except fields.BadField:
        return ""
