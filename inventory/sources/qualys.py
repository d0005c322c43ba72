"""Qualys' vulnerability reports as CSV: the asset vulnerability list of VMDR, and the scan and host based reports.

A few lines about the report come before the header. No column names a product: where the results hold the table of a
package check ("Package Installed_Version Required_Version"), its packages are what the finding is about.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import BinaryIO

from inventory.records import InstalledSoftware, Reports
from inventory.rules import family_of, platform_of
from inventory.sources import fields
from inventory.sources.frame import Limits, Source, start_of
from inventory.sources.network_scans import Hosts, package_of
from inventory.sources.osquery_tables import deb, rpm
from inventory.sources.rows import Row, take_all
from inventory.sources.scanner_reports import Assessed, Scan, columns, csv_records, cves_in

_QID = re.compile(rb'(?:^|,)"?QID"?(?:,|\r?$)', re.MULTILINE)
_ASSET = re.compile(rb'(?:^|,)"?(?:Asset Name|Asset IPV4|IP|DNS|NetBIOS)"?(?:,|\r?$)', re.MULTILINE)
_COLUMNS = {
    "cve": ("CVE", "CVE ID", "CVE-ID"),
    "title": ("Title", "Vulnerability Title"),
    "severity": ("Severity", "KB Severity"),
    "status": ("Status", "Vuln Status"),
    "name": ("Asset Name", "DNS", "FQDN", "NetBIOS"),
    "address": ("Asset IPV4", "IP"),
    "system": ("Operating System", "OS"),
    "results": ("Results",),
}
_LEVELS = {"1": "info", "2": "low", "3": "medium", "4": "high", "5": "critical"}
_TABLE = re.compile(r"Package\s+Installed[ _]Version\s+Required[ _]Version\s+(?P<rows>.+)", re.DOTALL)
_TABLE_ROW = re.compile(r"^\s*(?P<name>[A-Za-z0-9][\w.+-]*)\s+(?P<version>\d\S*)\s+(?P<required>\d\S*)\s*$", re.MULTILINE)
_DEBIAN = ("debian", "ubuntu", "raspbian")


def detect(head: bytes, filename: str) -> bool:
    return start_of(head)[:1] not in {b"{", b"[", b"<"} and bool(_QID.search(head) and _ASSET.search(head))


def parse(stream: BinaryIO, limits: Limits) -> Reports:
    """One Report a host, in order of appearance, after the Rejected of the findings that name no package."""
    scan = Scan("qualys", limits)
    hosts = Hosts(scan)
    yield from take_all(csv_records(stream, scan, is_header=lambda header: "QID" in header), lambda row: _take_row(scan, hosts, row))
    yield from scan.reports()


SOURCE = Source(name="qualys", label="Qualys vulnerability report", detect=detect, parse=parse)


def _take_row(scan: Scan, hosts: Hosts, row: Row) -> None:
    said = columns(row, _COLUMNS)
    machine = hosts.machine(name=said["name"], address=said["address"].partition(",")[0].strip())
    _learn_system(machine, said["system"])
    cves = cves_in(said["cve"])
    if said["status"].lower() == "fixed":
        scan.leave_out("fixed findings")
    elif not cves:
        scan.leave_out("results that name no CVE")
    elif not (found := _packages(said["results"], machine.facts.platform, scan.limits)):
        raise fields.BadField(f"the result for {', '.join(cves[:3])} ({said['title'][:80]}) names no installed package")
    else:
        for software, required in found:
            for cve in cves:
                scan.find(machine, cve, software, severity=_LEVELS.get(said["severity"], said["severity"]), fixed=required)


def _learn_system(machine: Assessed, system: str) -> None:
    """The system, where it is named with its release: an agent reads it; a scan over the network guesses "Linux 2.6"."""
    platform = platform_of(system, system)
    if not machine.facts.platform and family_of(platform) and (platform == "windows" or re.search(r"\d", platform)):
        machine.facts = replace(machine.facts, platform=platform, family=family_of(platform), os_name=system)


def _packages(results: str, platform: str, limits: Limits) -> list[tuple[InstalledSoftware, str]]:
    """The packages of a package check, each with the version that is required. The system tells their kind."""
    table = _TABLE.search(results)
    if table is None or family_of(platform) != "linux":
        return []
    make = deb if platform.startswith(_DEBIAN) else rpm
    rows = _TABLE_ROW.finditer(table["rows"])
    return [(package_of(make, row, platform, limits), row["required"]) for row in rows]
