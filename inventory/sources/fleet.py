"""Hosts of a Fleet server, as its REST API gives them: {"host": {...}} or {"hosts": [{...}]}, with software and policies.

Fields: Fleet documentation, "REST API", List hosts and Get host; `source` of a software is the osquery table it is from.
A host is read piece by piece: what is beyond the limits costs no memory.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import BinaryIO

from inventory.records import Check, CheckResult, FindingRecord, InstalledSoftware, Rejected, Report, Reports
from inventory.sources import fields
from inventory.sources.frame import Limits, Source, start_of
from inventory.sources.json_stream import BadJson, values
from inventory.sources.osquery_facts import machine_facts
from inventory.sources.osquery_tables import BY_NAME, Table
from inventory.sources.scanner_reports import weakness_id
from inventory.sources.systems import operating_system_of

_FACTS = (
    *("uuid", "hostname", "computer_name", "display_name", "platform", "os_version", "build"),
    *("code_name", "cpu_type", "primary_ip", "public_ip"),
)
_ROOTS = ("host", "hosts.item")
_PATHS = tuple(f"{root}.{part}" for root in _ROOTS for part in ("software.item", "policies.item", *_FACTS))
_ENDS = tuple(f"{root}{part}" for root in _ROOTS for part in ("", ".software"))
_HOST = re.compile(rb'"hosts?"\s*:')
_MARK = re.compile(rb'"(?:osquery_version|policy_updated_at|seen_time|detail_updated_at|primary_mac|hardware_serial)"\s*:')
_WINDOWS_BUILD = re.compile(r"\b(10\.0\.\d{5}(?:\.\d+)?)\b")
_RELEASE = re.compile(r"\d+(?:\.\d+)*")
_CRITICAL, _ORDINARY = 8, 5  # impact of a policy: Fleet knows critical ones and others


def detect(head: bytes, filename: str) -> bool:
    return start_of(head)[:1] == b"{" and bool(_HOST.search(head)) and bool(_MARK.search(head))


def parse(stream: BinaryIO, limits: Limits) -> Reports:
    """One Report a host, after the Rejected of its records that were no use."""
    number, host = 1, _Host()
    try:
        for path, value in values(stream, *_PATHS, ends=_ENDS):
            part = _part(path)
            if not part:
                yield from host.report(f"host {number}", limits)
                number, host = number + 1, _Host()
            else:
                yield from host.take(part, value, f"host {number}", limits)
    except BadJson as error:
        yield Rejected(f"host {number}", f"not valid JSON from here on: {error}")


SOURCE = Source(name="fleet", label="Fleet hosts", detect=detect, parse=parse)


def _part(path: str) -> str:
    """What of a host a path leads to: "software.item"; "" for the host itself, which ends there."""
    root = next(root for root in reversed(_ROOTS) if path.startswith(root))
    return path[len(root) :].removeprefix(".")


@dataclass(slots=True)
class _Host:
    facts: dict[str, object] = field(default_factory=dict)
    software: dict[InstalledSoftware, None] = field(default_factory=dict)
    tables: set[str] = field(default_factory=set)
    findings: dict[FindingRecord, None] = field(default_factory=dict)
    checks: dict[str, Check] = field(default_factory=dict)
    results: dict[str, CheckResult] = field(default_factory=dict)
    whole: bool = False  # the list of software was there, to its end
    full: bool = False
    entries: int = 0
    policies: int = 0

    def take(self, part: str, value: object, place: str, limits: Limits) -> Iterator[Rejected]:
        """One piece of a host: a fact, a software, a policy, or the end of its list of software."""
        try:
            if part == "software.item":
                self.entries += 1
                place = f"{place}, software {self.entries}"
                yield from self._take_software(value, place, limits)
            elif part == "software":
                self.whole = not self.full
            elif part == "policies.item":
                self.policies += 1
                place = f"{place}, policy {self.policies}"
                self._take_policy(value, limits)
            else:
                self.facts[part] = fields.text(value, part, limits)
        except fields.BadField as error:
            yield Rejected(place, str(error), fields.excerpt(value))

    def _take_software(self, value: object, place: str, limits: Limits) -> Iterator[Rejected]:
        if len(self.software) >= limits.records:
            if not self.full:
                self.full = True
                yield Rejected(place, f"more than {limits.records:,} records; the rest was left out")
            return
        if not isinstance(value, dict):
            raise fields.BadField("the software is no object")
        table = BY_NAME.get(fields.text(value.get("source"), "source", limits))
        if table is None:
            raise fields.BadField(f"software of the source {str(value.get('source'))[:60]!r} is not read")
        made = table.make(_row(value, table), limits)
        if made is None:
            return
        self.tables.add(table.name)
        self.software[made] = None
        yield from self._take_findings(value.get("vulnerabilities"), made, place, limits)

    def _take_findings(self, value: object, about: InstalledSoftware, place: str, limits: Limits) -> Iterator[Rejected]:
        for entry in value[: limits.records - len(self.findings)] if isinstance(value, list) else []:
            try:
                if not isinstance(entry, dict):
                    raise fields.BadField("a vulnerability is no object")
                cve = weakness_id(entry.get("cve"), limits)
                fixed = fields.version(entry.get("resolved_in_version"), limits, "resolved_in_version")
            except fields.BadField as error:
                yield Rejected(place, str(error), fields.excerpt(entry))
                continue
            self.findings[FindingRecord(source="fleet", weakness=cve, about=about, fixed=fixed)] = None

    def _take_policy(self, value: object, limits: Limits) -> None:
        """A policy that ran on the host; one that has not answered yet says nothing."""
        if not isinstance(value, dict):
            raise fields.BadField("the policy is no object")
        response = fields.text(value.get("response"), "response", limits)
        number = value.get("id")
        if response not in {"pass", "fail"}:
            return
        if isinstance(number, bool) or not isinstance(number, int):
            raise fields.BadField("id of the policy is no number")
        if len(self.checks) >= limits.records:
            raise fields.BadField(f"more than {limits.records:,} policies; the rest was left out")
        key = str(number)
        self.checks[key] = Check(
            source="fleet",
            external_id=key,
            name=fields.text(value.get("name"), "name", limits, needed=True)[:300],
            category="controls",
            subcategory="Fleet policy",
            impact=_CRITICAL if value.get("critical") is True else _ORDINARY,
            description=fields.text(value.get("description"), "description", limits),
            remediation=fields.text(value.get("resolution"), "resolution", limits),
        )
        self.results[key] = CheckResult(source="fleet", external_id=key, passed=response == "pass")

    def report(self, place: str, limits: Limits) -> Iterator[Report | Rejected]:
        name = str(self.facts.get("hostname") or self.facts.get("computer_name") or "")
        identifier = str(self.facts.get("uuid") or name)
        if not identifier or not identifier.isprintable():
            yield Rejected(place, "the host has neither uuid nor hostname", fields.excerpt(self.facts))
            return
        facts = machine_facts(
            external_id=identifier[:255], name=name, os=_os_version(self.facts), architecture=fields.short(self.facts.get("cpu_type"))
        )
        system = operating_system_of(facts, ())
        covers = self._covers() | ({"os"} if system else set()) | ({"checks/fleet"} if self.policies else set())
        yield Report(
            machine=facts,
            software=(*self.software, *((system,) if system else ())),
            covers=frozenset(covers),
            checks=tuple(self.checks.values()),
            results=tuple(self.results.values()),
            findings=tuple(self.findings),
        )

    def _covers(self) -> set[str]:
        """Fleet collects every table of a host's system, so a list that is whole covers those it names none of, too."""
        if not self.whole:
            return set()
        return {table.covers for table in BY_NAME.values()} | {"findings/fleet"}


def _row(value: Mapping[str, object], table: Table) -> dict[str, object]:
    """A software as a row of its osquery table."""
    paths = value.get("installed_paths")
    path = paths[0] if isinstance(paths, list) and paths else None
    known = {
        "publisher": value.get("vendor"),
        "bundle_short_version": value.get("version"),
        "identifier": value.get("extension_id"),
        "identifying_number": value.get("upgrade_code"),
        "install_location": path,
        "path": path,
        **{name: value.get(name) for name in ("name", "version", "release", "bundle_identifier", "vendor", "publisher") if value.get(name)},
    }
    return {column: known[column] for column in table.columns if known.get(column) is not None}


def _os_version(facts: Mapping[str, object]) -> dict[str, object]:
    """What osquery's os_version would have said: Fleet joins name and version to one text."""
    text, family = str(facts.get("os_version") or ""), str(facts.get("platform") or "")
    if family == "windows":
        build = _WINDOWS_BUILD.search(text) or _WINDOWS_BUILD.search(str(facts.get("build") or ""))
        version = build[1] if build else ""
        name = _WINDOWS_BUILD.sub("", text).strip()
        return {"name": name, "version": version, "platform": "windows", "build": version.split(".")[2] if version else ""}
    release = _RELEASE.search(text)
    return {
        "name": text[: release.start()].strip() if release else text,
        "version": release[0] if release else "",
        "platform": family,
        "build": facts.get("build") or "",
        "codename": facts.get("code_name") or "",
    }
