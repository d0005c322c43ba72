"""What Wazuh's vulnerability detection found: documents of its index, or the answer of the 4.7 API.

Documents (wazuh-states-vulnerabilities-*, 4.8 and later, and Wazuh 5, whose agent is below `wazuh`): an OpenSearch
answer, a list, or one a line, each with or without its `_source`. The 4.7 API's answer names no host.
Only vulnerable packages are in them, so their software is added; an answer with fewer hits than its total is a part.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO

from inventory.errors import UnreadableReport
from inventory.records import InstalledSoftware, MachineFacts, Rejected, Reports
from inventory.rules import family_of, normalise_package, platform_of
from inventory.sources import fields, line_stream
from inventory.sources.frame import Limits, Source, head_of, start_of
from inventory.sources.json_stream import END
from inventory.sources.osquery_tables import apk, deb, rpm
from inventory.sources.scanner_reports import Assessed, Found, Row, Scan, child, ip_addresses, json_values, plain, take_all, texts

_ANSWER = re.compile(rb'"(?:hits|affected_items)"\s*:')
_API_ROW = re.compile(rb'"affected_items"\s*:\s*\[\s*\{[^{}\[\]]*"(?:cve|cvss3_score|detection_time)"\s*:')
_VULNERABILITY = re.compile(rb'"vulnerability"\s*:\s*\{')
_PACKAGE = re.compile(rb'"package"\s*:\s*\{')
_AGENT = re.compile(rb'"agent"\s*:\s*\{')
_RPM_RELEASE = re.compile(r"-[^-]*\.(?:el|fc|amzn|ol|oe|suse|lp|cm|azl|ph)\d")
_ALERT = re.compile(rb'"(?:decoder|rule)"\s*:\s*\{')
_LANGUAGES = {"pypi": "pypi", "npm": "npm"}
_APPLICATIONS = frozenset({"win", "pkg", "macports", ""})
_TOTALS = ("hits.total", "data.total_affected_items")


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
    scan = Scan("wazuh", limits)
    reader = _Reader(scan)
    yield from take_all(_records(stream, reader), reader.take)
    if not reader.seen:
        raise UnreadableReport("this is no answer of Wazuh: it has neither hits nor affected items")
    scan.complete = scan.complete and reader.records >= reader.total
    yield from scan.reports()


SOURCE = Source(name="wazuh_vulnerabilities", label="Wazuh vulnerabilities", detect=detect, parse=parse)


class _Reader:
    def __init__(self, scan: Scan) -> None:
        self.seen = False
        self.records = 0
        self.total = 0
        self.scan = scan

    def take(self, row: Row) -> None:
        self.seen = True
        if "cve" in row and "vulnerability" not in row:
            self._of_api(row)
            return
        document = child(row, "_source") or row
        vulnerability, package = child(document, "vulnerability"), child(document, "package")
        machine = self._machine(document)
        about = _software(package, self.scan.limits)
        self.scan.find(machine, vulnerability.get("id"), about, severity=vulnerability.get("severity"))

    def _of_api(self, row: Row) -> None:
        if row.get("status") == "OBSOLETE":
            self.scan.leave_out("obsolete findings")
            return
        kind = _kind(plain(row, "architecture"), plain(row, "version"))
        about = _software({"type": kind, "name": row.get("name"), "version": row.get("version")}, self.scan.limits)
        self.scan.find(self.scan.machine(""), row.get("cve"), about, severity=row.get("severity"))

    def _machine(self, document: Row) -> Assessed:
        """By the agent's name, which is the host's; its number is used where that is missing."""
        agent = child(document, "wazuh", "agent") or child(document, "agent")
        host = child(agent, "host") or child(document, "host")
        external_id = plain(agent, "name") or plain(agent, "id")
        if not external_id:
            raise fields.BadField("agent.name is missing")
        return self.scan.machine(external_id, _facts(external_id, host))


def _facts(external_id: str, host: Row) -> MachineFacts:
    system, name = child(host, "os"), plain(host, "hostname") or external_id
    os_name, version = plain(system, "name"), plain(system, "version")
    platform = platform_of(plain(system, "platform"), version) or platform_of(os_name, version)
    return MachineFacts(
        external_id=external_id,
        name=name,
        domain=name.partition(".")[2],
        family=family_of(platform),
        platform=platform,
        os_name=os_name,
        os_version=version,
        architecture=plain(host, "architecture"),
        ip_addresses=ip_addresses(plain(host, "ip"), *texts(host.get("ip"))),
    )


def _records(stream: BinaryIO, reader: _Reader) -> Iterator[Found]:
    head = head_of(stream)
    if not start_of(head).startswith(b"[") and not _ANSWER.search(head):
        yield from line_stream.objects(stream, reader.scan.limits)
        return
    lists = ("hits.hits", "data.affected_items")
    for path, value in json_values(stream, reader.scan, *(f"{path}.item" for path in lists), "item", *_TOTALS, ends=lists):
        if value is END:
            reader.seen = True
        elif path in _TOTALS:
            total = value.get("value") if isinstance(value, dict) else value
            reader.total = max(reader.total, total if isinstance(total, int) else 0)
        else:
            reader.records += not isinstance(value, Rejected)
            yield f"hit {reader.records}", value


def _kind(architecture: str, version: str) -> str:
    """The 4.7 API does not tell a package's kind: Debian's and RPM's own names of architectures do, and RPM's releases."""
    if architecture in {"amd64", "all", "i386", "armhf"} or (architecture == "arm64" and "-" in version):
        return "deb"
    return "rpm" if architecture == "noarch" or _RPM_RELEASE.search(version) else ""


def _software(row: Row, limits: Limits) -> InstalledSoftware:
    """A package of Wazuh's inventory. `source` is the source package of deb, and nothing of use elsewhere."""
    kind = fields.text(row.get("type"), "package.type", limits).lower()
    name = fields.name(row.get("name"), limits, "package.name")
    version = fields.version(row.get("version"), limits, "package.version")
    if kind == "deb":
        source = fields.text(row.get("source"), "package.source", limits)
        return deb(package=name, version=version, source=source)
    if kind == "rpm":
        return rpm(package=name, version=version, source="")
    if kind == "apk":
        return apk(package=name, version=version)
    if kind in _LANGUAGES:
        return InstalledSoftware(_LANGUAGES[kind], normalise_package(kind, name), version, evidence=fields.evidence((row.get("path"),)))
    vendor = fields.text(row.get("vendor"), "package.vendor", limits)
    if kind in _APPLICATIONS:
        return InstalledSoftware("cpe", name, version, vendor, evidence=fields.evidence((row.get("path"),)))
    return InstalledSoftware("other", name, version, kind, evidence=fields.evidence((row.get("path"),)))
