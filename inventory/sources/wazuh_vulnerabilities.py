"""What Wazuh's vulnerability detection found: documents of its index, or the answer of the 4.7 API.

Documents (wazuh-states-vulnerabilities-*, 4.8 and later, and Wazuh 5, whose agent is below `wazuh`): an OpenSearch
answer, a list, or one a line, each with or without its `_source`. The 4.7 API's answer names no host.
Only vulnerable packages are in them, so their software is added; an answer with fewer hits than its total is a part.
"""

from __future__ import annotations

import re
from typing import BinaryIO

from inventory.records import Reports
from inventory.sources import fields
from inventory.sources.frame import Limits, Source, start_of
from inventory.sources.rows import Row, child, plain, take_all
from inventory.sources.scanner_reports import Scan
from inventory.sources.wazuh_documents import Reading, agent_of, documents, software_of

_API_ROW = re.compile(rb'"affected_items"\s*:\s*\[\s*\{[^{}\[\]]*"(?:cve|cvss3_score|detection_time)"\s*:')
_VULNERABILITY = re.compile(rb'"vulnerability"\s*:\s*\{')
_PACKAGE = re.compile(rb'"package"\s*:\s*\{')
_AGENT = re.compile(rb'"agent"\s*:\s*\{')
_RPM_RELEASE = re.compile(r"-[^-]*\.(?:el|fc|amzn|ol|oe|suse|lp|cm|azl|ph)\d")
_ALERT = re.compile(rb'"(?:decoder|rule)"\s*:\s*\{')


def detect(head: bytes, filename: str) -> bool:
    start = start_of(head)
    if start[:1] not in {b"{", b"["}:
        return False
    if _ALERT.search(head):
        return False
    if _VULNERABILITY.search(head) and _PACKAGE.search(head) and _AGENT.search(head):
        return True
    return bool(_API_ROW.search(head)) or b'"wazuh-states-vulnerabilities' in head


def parse(stream: BinaryIO, limits: Limits) -> Reports:
    """One Report a host, in order of appearance, after the Rejected of the findings that were no use."""
    reading, scan = Reading(), Scan("wazuh", limits)
    yield from take_all(documents(stream, limits, reading), lambda row: _take(row, scan))
    scan.complete = reading.complete
    yield from scan.reports()


SOURCE = Source(name="wazuh_vulnerabilities", label="Wazuh vulnerabilities", detect=detect, parse=parse)


def _take(row: Row, scan: Scan) -> None:
    """Take one finding. Raises BadField."""
    if "cve" in row and "vulnerability" not in row:
        _take_of_api(row, scan)
        return
    facts = agent_of(row, scan.limits)
    if facts is None:
        raise fields.BadField("agent is missing")
    found, about = child(row, "vulnerability"), software_of(child(row, "package"), scan.limits)
    scan.find(scan.machine(facts.external_id, facts), found.get("id"), about, severity=found.get("severity"))


def _take_of_api(row: Row, scan: Scan) -> None:
    if row.get("status") == "OBSOLETE":
        scan.leave_out("obsolete findings")
        return
    kind = _kind(plain(row, "architecture"), plain(row, "version"))
    about = software_of({"type": kind, "name": row.get("name"), "version": row.get("version")}, scan.limits)
    scan.find(scan.machine(""), row.get("cve"), about, severity=row.get("severity"))


def _kind(architecture: str, version: str) -> str:
    """The 4.7 API does not tell a package's kind: Debian's and RPM's own names of architectures do, and RPM's releases."""
    if architecture in {"amd64", "all", "i386", "armhf"} or (architecture == "arm64" and "-" in version):
        return "deb"
    return "rpm" if architecture == "noarch" or _RPM_RELEASE.search(version) else ""
