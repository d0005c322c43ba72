"""OWASP Dependency-Track's findings: its File Packaging Format ("fpf"), or the list that /api/v1/finding/project answers.

Only vulnerable components are in them, so their software is added. Suppressed findings are counted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO

from inventory.errors import UnreadableReport
from inventory.records import InstalledSoftware, Reports
from inventory.sources import fields
from inventory.sources.components import Component, software_of
from inventory.sources.frame import Limits, Source, start_of
from inventory.sources.json_stream import END
from inventory.sources.rows import Found, Row, child, plain, take_all
from inventory.sources.scanner_reports import Scan, json_values, preferred_id

_PACKAGED = re.compile(rb'"application"\s*:\s*"Dependency-Track"')
_LISTED = re.compile(rb'^\s*\[\s*\{\s*"(?:component|attribution|vulnerability|analysis|matrix)"\s*:')


def detect(head: bytes, filename: str) -> bool:
    start = start_of(head)
    if start.startswith(b"["):
        return bool(_LISTED.match(start)) and b'"component"' in head and b'"matrix"' in head
    return start.startswith(b"{") and bool(_PACKAGED.search(head)) and b'"bomFormat"' not in head


def parse(stream: BinaryIO, limits: Limits) -> Reports:
    """One Report without a host, after the Rejected of the findings that were no use. The project's name is the last resort."""
    scan = Scan("dependency-track", limits)
    said: dict[str, object] = {}
    machine = scan.machine("")

    def take(row: Row) -> None:
        if child(row, "analysis").get("isSuppressed") is True:
            scan.leave_out("suppressed findings")
            return
        vulnerability = child(row, "vulnerability")
        weakness = preferred_id(vulnerability.get("vulnId"), _aliases(vulnerability))
        scan.find(machine, weakness, _software(child(row, "component"), limits), severity=vulnerability.get("severity"))

    yield from take_all(_findings(stream, scan, said), take)
    if "findings" not in said and not machine.findings:
        raise UnreadableReport("this is no report of Dependency-Track: it has no list of findings")
    machine.fallback_id = plain(said, "project.name")
    yield from scan.reports()


SOURCE = Source(name="dependency_track", label="Dependency-Track findings", detect=detect, parse=parse)


def _findings(stream: BinaryIO, scan: Scan, said: dict[str, object]) -> Iterator[Found]:
    """Each finding with its place; what else the document says goes to `said`."""
    number = 0
    for path, value in json_values(stream, scan, "findings.item", "item", "project.name", ends=("findings",)):
        if value is END or path == "project.name":
            said[path] = value
        else:
            number += 1
            yield f"finding {number}", value


def _software(row: Row, limits: Limits) -> InstalledSoftware:
    name, version, group = (row.get(key) for key in ("name", "version", "group"))
    made = software_of(Component(name=name, version=version, group=group, purl=row.get("purl"), cpe=row.get("cpe")), limits)
    if made is None:
        raise fields.BadField("the component is no software")
    return made


def _aliases(vulnerability: Row) -> list[object]:
    found = vulnerability.get("aliases")
    return [item.get("cveId") for item in found if isinstance(item, dict)] if isinstance(found, list) else []
