"""Programs of Windows machines, as PowerShell's ConvertTo-Json writes them. Three shapes:

* the uninstall keys of the registry (HKLM and HKCU, Software\\[WOW6432Node\\]Microsoft\\Windows\\CurrentVersion\\Uninstall\\*):
  a list of objects, or one object where there is one; PSComputerName tells the machine of rows that were fetched remotely,
* the same list with plain names: [{"name", "version", "publisher"}],
* what a collector posts of a whole machine: {"computer": {"name", "domain", "os", "version", "build", "architecture", "ips"},
  "programs": [rows as above], "hotfixes": [rows of Get-HotFix]}. `build` has the update revision: 10.0.22631.3880.

As in the system's own list of programs, keys without DisplayName, hidden components and updates of other programs are none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from inventory.records import InstalledSoftware, MachineFacts, Rejected, Report, Reports
from inventory.sources import fields
from inventory.sources.frame import Limits, Source, head_of, start_of
from inventory.sources.hotfixes import computer_of, patch_of
from inventory.sources.json_stream import BadJson, values
from inventory.sources.rows import Row
from inventory.sources.systems import operating_system_of, own_windows, windows_name, windows_version

_LIST = re.compile(rb'\[\s*\{[^{}\[\]]*"name"\s*:')
_KEYS = re.compile(rb'"DisplayName"\s*:')
_KEY_MARKS = re.compile(rb'"(?:UninstallString|DisplayVersion|Publisher|PSChildName|PSPath)"\s*:')
_ENVELOPE = re.compile(rb'\{\s*"(?:computer|programs|hotfixes)"\s*:\s*(?:[\[{]|null)')
_OTHERS = (b'"hostIdentifier"', b'"agent_id"', b'"vulnerability"', b'"HotFixID"', b'"bomFormat"', b'"SPDXID"')
_ARCHITECTURES = {"amd64": "x86_64", "x64": "x86_64", "x86": "i686"}


def detect(head: bytes, filename: str) -> bool:
    start = start_of(head)
    if _ENVELOPE.match(start):
        return True
    if start[:1] not in (b"[", b"{") or any(mark in head for mark in _OTHERS):
        return False
    return bool(_LIST.match(start)) or bool(_KEYS.search(head) and _KEY_MARKS.search(head))


def parse(stream: BinaryIO, limits: Limits) -> Reports:
    """One Report a machine, after the Rejected of the rows that were no use. A document that ends early only adds."""
    is_envelope = bool(_ENVELOPE.match(start_of(head_of(stream))))
    reading = _Reading(limits)
    paths = ("computer", "programs", "programs.item", "hotfixes", "hotfixes.item") if is_envelope else ("", "item")
    try:
        for path, value in values(stream, *paths):
            yield from reading.take(path, value)
    except BadJson as error:
        reading.complete = False
        yield Rejected(f"record {reading.number + 1}", f"not valid JSON from here on: {error}")
    yield from reading.reports()


SOURCE = Source(
    name="windows",
    label="Windows programs",
    detect=detect,
    parse=parse,
    names=re.compile(rb'"computer"\s*:\s*\{[^{}]*?"name"\s*:\s*"([^"\\]{1,255})"'),
)


@dataclass(slots=True)
class _Machine:
    software: dict[InstalledSoftware, None] = field(default_factory=dict)
    full: bool = False


class _Reading:
    """What has been read of a document so far: machines by the name that their rows carry."""

    def __init__(self, limits: Limits) -> None:
        self.number = 0
        self.complete = True
        self._limits = limits
        self._computer: MachineFacts | None = None
        self._patches: dict[str, None] = {}
        self._machines: dict[str, _Machine] = {}

    def take(self, path: str, value: object) -> Iterator[Rejected]:
        self.number += 1
        place = f"record {self.number}"
        try:
            if value is None:
                return
            if not isinstance(value, dict):
                raise fields.BadField("the record is no object")
            if path == "computer":
                self._computer = _facts(value, self._limits)
            elif path.startswith("hotfixes"):
                if patch := patch_of(value, self._limits):
                    self._patches[patch] = None
            else:
                yield from self._take_program(place, value)
        except fields.BadField as error:
            yield Rejected(place, str(error), fields.excerpt(value))

    def _take_program(self, place: str, row: Row) -> Iterator[Rejected]:
        machine = self._machines.setdefault(computer_of(row, self._limits), _Machine())
        if machine.full:
            return
        if len(machine.software) >= self._limits.records:
            machine.full = True
            yield Rejected(place, f"more than {self._limits.records:,} programs of one machine; the rest was left out")
            return
        made = _program(row, self._limits)
        if made is not None:
            machine.software[made] = None

    def reports(self) -> Iterator[Report]:
        """Rows that name no machine are the described computer's."""
        if self._computer is not None or self._patches:
            self._machines.setdefault("", _Machine())
        for name, machine in self._machines.items():
            facts = MachineFacts(external_id=name, name=name, family="windows", platform="windows")
            patches: tuple[str, ...] = ()
            if not name:
                facts, patches = self._computer or facts, tuple(self._patches)
            if machine.software or patches or facts is self._computer:
                yield self._report(facts, machine, patches)

    def _report(self, facts: MachineFacts, machine: _Machine, patches: tuple[str, ...]) -> Report:
        covers = {"cpe"} if machine.software else set()
        software = tuple(machine.software)
        if facts.os_version and (system := operating_system_of(facts, patches)):
            software, covers = (*software, system), covers | {"os"}
        elif patches:
            software = (*software, own_windows(patches))
        whole = self.complete and not machine.full
        return Report(machine=facts, software=software, covers=frozenset(covers if whole else ()))


# --- rows ------------------------------------------------------------------------------------------------------------


def _program(row: Row, limits: Limits) -> InstalledSoftware | None:
    """None for a key that is no program: nameless, hidden, or an update of another."""
    is_key = "DisplayName" in row or "PSChildName" in row or "PSPath" in row
    if is_key and not row.get("DisplayName"):
        return None
    if str(row.get("SystemComponent")) == "1" or row.get("ParentKeyName") or _is_update(row.get("ReleaseType")):
        return None
    return InstalledSoftware(
        ecosystem="cpe",
        name=fields.name(row.get("DisplayName") or row.get("name"), limits),
        version=fields.version(row.get("DisplayVersion") or row.get("version"), limits),
        vendor=fields.text(row.get("Publisher") or row.get("publisher") or row.get("vendor"), "publisher", limits),
        evidence=fields.evidence((row.get("InstallLocation"), _key(row))),
    )


def _is_update(kind: object) -> bool:
    """ReleaseType of the installer: Security Update, Update Rollup, Hotfix, ServicePack and the like."""
    return isinstance(kind, str) and bool(re.search(r"update|hotfix|service\s*pack", kind[:100], re.IGNORECASE))


def _key(row: Row) -> object:
    """The registry key a row is of: its whole path where PowerShell notes it, else its last part."""
    path = row.get("PSPath")
    return path.rpartition("::")[2] if isinstance(path, str) and path else row.get("PSChildName")


# --- computer --------------------------------------------------------------------------------------------------------


def _facts(row: Row, limits: Limits) -> MachineFacts:
    name = fields.identifier(fields.name(row.get("name"), limits, "computer.name"))
    domain, architecture = (fields.text(row.get(key), f"computer.{key}", limits) for key in ("domain", "architecture"))
    version, build = (fields.version(row.get(key), limits, f"computer.{key}") for key in ("version", "build"))
    version = windows_version(version, build)
    number = version.split(".")[2] if version.count(".") >= 2 else ""
    return MachineFacts(
        external_id=name,
        name=f"{name}.{domain}" if "." in domain and "." not in name else name,  # a workgroup is no domain
        domain=domain,
        family="windows",
        platform="windows",
        os_name=windows_name(fields.text(row.get("os"), "computer.os", limits), number),
        os_version=version,
        os_build=number,
        architecture=_ARCHITECTURES.get(architecture.lower(), architecture),
        ip_addresses=fields.addresses(row.get("ips")),
    )
