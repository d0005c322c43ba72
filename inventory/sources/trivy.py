"""trivy's JSON reports: schema 2, the bare list of results before it, and clusters.

Formats: aquasecurity/trivy, pkg/types/report.go and pkg/k8s/report.

With `Packages` (--list-all-pkgs) a result is complete for its ecosystem; without, only the vulnerable packages are known,
and are added. Misconfigurations, secrets and licences are counted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from inventory.errors import UnreadableReport
from inventory.records import InstalledSoftware, MachineFacts, Rejected, Reports
from inventory.rules import family_of, platform_of
from inventory.sources import fields
from inventory.sources.frame import Limits, Source, start_of
from inventory.sources.json_stream import END
from inventory.sources.rows import Row, child, plain, plain_text, take_all
from inventory.sources.scanner_reports import Assessed, Scan, json_values
from inventory.sources.trivy_packages import of_finding, of_package

_SCHEMA = re.compile(rb'"(?:ArtifactName|ArtifactType|ClusterName)"\s*:')
_RESULT = re.compile(rb'"(?:SchemaVersion|Results|Resources|Findings|Vulnerabilities|Metadata)"\s*:')
_BARE = re.compile(rb'^\s*\[\s*\{[^{}\[\]]*"Target"\s*:\s*"')
_RESOURCES = ("Resources.item", "Findings.item", "Vulnerabilities.item")
_OF_RESULT = ("Target", "Class", "Type", "Packages.item", "Vulnerabilities.item")
_OF_PACKAGES = frozenset({"os-pkgs", "lang-pkgs"})
_COUNTED = {"Misconfigurations.item": "misconfigurations", "Secrets.item": "secrets", "Licenses.item": "licences"}
_PACKAGE_KEYS = ("ID", "Name", "Identifier", "Version", "Release", "Epoch", "SrcName", "SrcVersion", "SrcRelease", "SrcEpoch", "FilePath")
_FINDING_KEYS = ("VulnerabilityID", "PkgID", "PkgName", "PkgPath", "PkgIdentifier", "InstalledVersion", "FixedVersion", "Severity")
_TARGET = re.compile(r"\(([a-z][\w .-]*?) (\d[^()]*)\)$")
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}[A-Za-z0-9])?")


def detect(head: bytes, filename: str) -> bool:
    start = start_of(head)
    if start.startswith(b"["):
        return bool(_BARE.match(start))
    return start.startswith(b"{") and bool(_SCHEMA.search(head) and _RESULT.search(head)) and b'"bomFormat"' not in head


def parse(stream: BinaryIO, limits: Limits) -> Reports:
    """One Report, or one for each resource of a cluster, after the Rejected of the packages and findings that were no use."""
    reader = _Reader(limits)
    for path, value in json_values(stream, reader.scan, *_PATHS, ends=_ENDS):
        if isinstance(value, Rejected):
            yield from reader.end_of_result()
            yield value
        else:
            yield from reader.take(path, value)
            if reader.full:
                yield from reader.end_of_result()
                break
    reader.end_of_report()
    if not reader.seen:
        raise UnreadableReport("this is no report of trivy: it names neither an artifact nor results")
    yield from reader.scan.reports()


SOURCE = Source(name="trivy", label="trivy report", detect=detect, parse=parse)


def _paths() -> Iterator[tuple[str, str]]:
    """Path -> what stands there, for each of the three layouts."""
    yield from ((name, name) for name in ("ArtifactName", "ArtifactType", "Metadata.OS"))
    yield from ((f"{prefix}.{name}", name) for prefix in _RESOURCES for name in ("Namespace", "Kind", "Name"))
    yield from ((f"{prefix}.Metadata.item.OS", "Metadata.OS") for prefix in _RESOURCES)
    yield from ((f"{prefix}.{name}", name) for prefix in _RESULTS for name in (*_OF_RESULT, *_COUNTED))


_RESULTS = frozenset({"Results.item", "item", *(f"{prefix}.Results.item" for prefix in _RESOURCES)})
_PATHS = dict(_paths())
_ENDS = _RESULTS | set(_RESOURCES) | {"Results"}


@dataclass(slots=True)
class _Result:
    """One result as it is read: what decides its packages may come after them."""

    target: str = ""
    category: str = ""
    kind: str = ""
    packages: list[object] = field(default_factory=list)
    findings: list[object] = field(default_factory=list)
    made: dict[object, InstalledSoftware] = field(default_factory=dict)


class _Reader:
    def __init__(self, limits: Limits) -> None:
        self.scan = Scan("trivy", limits)
        self.seen = False
        self.full = False
        self._limits = limits
        self._results = 0
        self._kept = 0
        self._said: dict[str, object] = {}
        self._result = _Result()
        self._partial: set[str] = set()  # what findings alone tell of
        self._current: Assessed | None = None

    def take(self, path: str, value: object) -> Iterator[Rejected]:
        name = _PATHS.get(path, "")
        self.seen = True
        if value is END:
            if path in _RESULTS:
                yield from self.end_of_result()
            elif path in _RESOURCES:
                self.end_of_report()
        elif name in _COUNTED:
            self.scan.leave_out(_COUNTED[name])
        elif name == "Packages.item":
            yield from self._keep(self._result.packages, value, _PACKAGE_KEYS)
        elif name == "Vulnerabilities.item":
            yield from self._keep(self._result.findings, value, _FINDING_KEYS)
        elif name == "Target":
            self._result.target = plain_text(value)
        elif name == "Class":
            self._result.category = plain_text(value)
        elif name == "Type":
            self._result.kind = plain_text(value).lower()
        else:
            self._said.setdefault(name, value)

    def _keep(self, kept: list[object], value: object, keys: tuple[str, ...]) -> Iterator[Rejected]:
        """Keep what is used of a package or finding until its result is whole."""
        if self._kept < self._limits.records:
            self._kept += 1
            kept.append({key: value[key] for key in keys if key in value} if isinstance(value, dict) else fields.excerpt(value))
        else:
            self.full, self.scan.complete = True, False
            reason = f"more than {self._limits.records:,} packages and findings; the rest was left out"
            yield Rejected(f"result {self._results + 1}", reason)

    def end_of_result(self) -> Iterator[Rejected]:
        """Make software and findings of what the result holds."""
        self._results += 1
        result, self._result = self._result, _Result()
        of_packages = result.category in _OF_PACKAGES if result.category else bool(result.target)
        if not of_packages and not result.packages and not result.findings:
            return
        machine = self._machine(result.target)
        yield from take_all(self._placed("package", result.packages), lambda row: self._install(machine, result, row))
        yield from take_all(self._placed("finding", result.findings), lambda row: self._find(machine, result, row))

    def end_of_report(self) -> None:
        if self._said and not self._said.keys() & {"Namespace", "Kind", "Name"}:
            self._machine("")
        if self._current is not None:
            self._current.covers -= self._partial
        self._said, self._partial, self._current = {}, set(), None

    def _placed(self, noun: str, rows: list[object]) -> Iterator[tuple[str, object]]:
        return ((f"result {self._results}, {noun} {number}", row) for number, row in enumerate(rows, 1))

    def _install(self, machine: Assessed, result: _Result, row: Row) -> None:
        made = of_package(row, result.kind, machine.facts.platform, self._limits)
        self.scan.install(machine, made)
        machine.covers.add(made.part)
        for key in (row.get("ID"), (row.get("Name"), made.version)):
            if isinstance(key, (str, tuple)):
                result.made[key] = made

    def _find(self, machine: Assessed, result: _Result, row: Row) -> None:
        about = result.made.get(plain(row, "PkgID")) or result.made.get((plain(row, "PkgName"), plain(row, "InstalledVersion")))
        if about is None:
            about = of_finding(row, result.kind, machine.facts.platform, self._limits)
            self._partial.add(about.part)
        self.scan.find(machine, row.get("VulnerabilityID"), about, severity=row.get("Severity"), fixed=row.get("FixedVersion"))

    def _machine(self, target: str) -> Assessed:
        """The machine of the report at hand. The bare list tells the system in its targets only: name (alpine 3.10.2)."""
        external_id = self._external_id()
        machine = self._current = self.scan.machine(external_id, fallback_id=plain(self._said, "ArtifactName"))
        if not machine.facts.platform:
            system = child(self._said, "Metadata.OS")
            match = _TARGET.search(target)
            name, release = (plain(system, "Family"), plain(system, "Name")) if system else match.groups() if match else ("", "")
            if platform := platform_of(name, release):
                machine.facts = MachineFacts(
                    external_id=external_id,
                    platform=platform,
                    family=family_of(platform),
                    os_name=name,
                    os_version=release,
                )
        return machine

    def _external_id(self) -> str:
        """A root file system is named by the host name in it, a resource of a cluster by its place; an image is no machine's name."""
        resource = [plain(self._said, key) for key in ("Namespace", "Kind", "Name")]
        if any(resource):
            return "/".join(filter(None, resource))[:255]
        name = plain(self._said, "ArtifactName")
        is_root = self._said.get("ArtifactType") == "filesystem" and child(self._said, "Metadata.OS").get("Family") not in {None, "none"}
        return name if is_root and _HOST.fullmatch(name) else ""
