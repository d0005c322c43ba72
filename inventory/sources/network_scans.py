"""What scans over the network have in common: a host by name or address, CVEs, and products that only CPEs and outputs name.

A check reports CVEs and mostly no product. A product becomes inventory where a CPE names it with a version, or without
one beside an output that tells the installed version; a distribution's package where the output names it. A finding
about anything else is told and left out: nothing is installed on a guess. The operating system, which such a scan
guesses too, is not taken over what is known.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from inventory.records import InstalledSoftware
from inventory.rules import platform_of
from inventory.sources import fields
from inventory.sources.components import Component, software_of
from inventory.sources.frame import Limits
from inventory.sources.osquery_tables import deb, rpm
from inventory.sources.scanner_reports import Assessed, Scan, cves_in
from inventory.sources.systems import operating_system

_CPE = re.compile(r"(?<![\w-])cpe:(?:/|2\.3:)[aoh]:[^\s,;\"'<>()]+")
_VERSION = re.compile(r"^[ \t]*(?:Installed|Detected|Reported) version[ \t]*:[ \t]*(\S+)", re.IGNORECASE | re.MULTILINE)
_FIXED = re.compile(r"^[ \t]*Fixed (?:version|in)[ \t]*:[ \t]*([^\r\n]+)", re.IGNORECASE | re.MULTILINE)
_PACKAGE = re.compile(
    r"^[ \t-]*Remote package installed[ \t]*:[ \t]*(?P<installed>\S+)(?:\s+Should be[ \t]*:[ \t]*(?P<fixed>\S+))?", re.MULTILINE
)
_DEB = re.compile(r"(?P<name>[a-z0-9][a-z0-9+.-]*)_(?P<version>\d\S*)")
_RPM = re.compile(r"(?P<name>\S+)-(?P<version>\d[^-_\s]*-[^-\s]+)")
_ARCHITECTURE = re.compile(r"\.(?:x86_64|i[3-6]86|noarch|aarch64|ppc64le|s390x)$")


@dataclass(frozen=True, slots=True)
class Check:
    """One result of a scan on one host. `output` is what the check wrote, `cpes` whatever text names CPEs."""

    cves: str
    cpes: str
    output: str
    severity: object = ""


class Hosts:
    """The hosts of a scan. An address is one machine, which is known by the first host name told of it, else by the address."""

    def __init__(self, scan: Scan) -> None:
        self._scan = scan
        self._by_address: dict[str, Assessed] = {}

    def machine(self, *, name: str, address: str) -> Assessed:
        """The machine of a result. Raises BadField where neither is told."""
        external_id = fields.name(name or address, self._scan.limits, "host")
        machine = self._by_address.get(address) if address else None
        if machine is None:
            machine = self._scan.machine(external_id)
        facts = machine.facts
        if name and not facts.name:
            machine.facts = replace(facts, external_id=name, name=name, domain=name.partition(".")[2])
        if address and self._by_address.setdefault(address, machine) is machine:
            machine.facts = replace(machine.facts, ip_addresses=fields.addresses(*machine.facts.ip_addresses, address))
        return machine


def take(scan: Scan, machine: Assessed, check: Check) -> None:
    """Store a check's findings. One without a CVE is counted; BadField where no product or package is named."""
    cves = cves_in(check.cves)
    if not cves:
        scan.leave_out("results that name no CVE")
        return
    about = products(check, scan.limits)
    if not about:
        raise fields.BadField(f"the result for {', '.join(cves[:3])} names no installed product and version")
    for software, fixed in about:
        for cve in cves:
            scan.find(machine, cve, software, severity=check.severity, fixed=fixed)


def products(check: Check, limits: Limits) -> list[tuple[InstalledSoftware, str]]:
    """What a check is about, each with what fixes it: the packages that its output names, else one product.

    The operating system itself is meant only where no application and no package ("p-cpe") of it is named.
    """
    cpes = list(dict.fromkeys(_CPE.findall(check.cpes)))
    if found := packages(check.output, _platform(cpes), limits):
        return found
    installed = match[1] if (match := _VERSION.search(check.output)) else ""
    fixed = match[1].strip() if (match := _FIXED.search(check.output)) else ""
    made = [software for cpe in cpes if (software := _of_cpe(cpe, limits)) is not None]
    applications = [software for software in made if software.cpe.startswith(("cpe:/a:", "cpe:2.3:a:"))]
    if applications:
        product = _application(applications, installed, limits)
    else:
        product = None if "p-cpe:" in check.cpes else operating_system(_platform(cpes))
    return [(product, fixed)] if product else []


def packages(output: str, platform: str, limits: Limits) -> list[tuple[InstalledSoftware, str]]:
    """The distribution's packages that an output names: name_version of deb, name-version-release of rpm. Raises BadField."""
    found: list[tuple[InstalledSoftware, str]] = []
    for match in _PACKAGE.finditer(output):
        installed, fixed = (_ARCHITECTURE.sub("", match[name] or "") for name in ("installed", "fixed"))
        if named := _RPM.fullmatch(installed):
            found.append((package_of(rpm, named, platform, limits), fixed.removeprefix(f"{named['name']}-")))
        elif named := _DEB.fullmatch(installed):
            found.append((package_of(deb, named, platform, limits), fixed.partition("_")[2]))
    return found


def package_of(make: Callable[..., InstalledSoftware], named: re.Match[str], platform: str, limits: Limits) -> InstalledSoftware:
    """The package of a text's `name` and `version`, checked as values of a field are."""
    name, version = fields.name(named["name"], limits, "package"), fields.version(named["version"], limits)
    return make(package=name, version=version, source="", platform=platform)


def _application(named: Sequence[InstalledSoftware], installed: str, limits: Limits) -> InstalledSoftware | None:
    """The first application whose version is known: its CPE's own, else the installed one."""
    for software in named:
        if software.version:
            return software
    return replace(named[0], version=fields.version(installed, limits)) if installed else None


def _of_cpe(cpe: str, limits: Limits) -> InstalledSoftware | None:
    try:
        return software_of(Component(cpe=cpe), limits)
    except fields.BadField:
        return None


def _platform(cpes: Iterable[str]) -> str:
    """The distribution that a CPE of an operating system names: cpe:/o:debian:debian_linux:12."""
    for cpe in cpes:
        parts = cpe.removeprefix("cpe:2.3:").removeprefix("cpe:/").split(":")
        if parts[0] == "o" and len(parts) > 3 and (platform := platform_of(" ".join(parts[1:3]).replace("_", " "), parts[3])):
            return platform
    return ""
