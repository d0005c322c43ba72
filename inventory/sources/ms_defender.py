"""Microsoft Defender for Endpoint: its machines, the vulnerabilities on them, and its software inventory.

Formats: the answers of /api/machines and /api/vulnerabilities/machinesVulnerabilities (one page, or the lists put
together), and the rows of the "ByMachine" exports, as a page or as files of a JSON object a line (whose keys begin
with capitals). A page of the API is a part: it only adds. What a list of vulnerabilities holds is software too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO

from inventory.errors import UnreadableReport
from inventory.records import InstalledSoftware, MachineFacts, Reports
from inventory.rules import family_of, platform_of
from inventory.sources import fields, line_stream
from inventory.sources.frame import Limits, Source, head_of, start_of
from inventory.sources.json_stream import END
from inventory.sources.rows import Found, Row, plain, take_all, texts
from inventory.sources.scanner_reports import Assessed, Scan, json_values

_MARKS = tuple(
    (re.compile(rb'"' + first + rb'"\s*:', re.IGNORECASE), re.compile(rb'"' + second + rb'"\s*:', re.IGNORECASE))
    for first, second in (
        (b"cveId", b"machineId"),
        (b"cveId", b"deviceId"),
        (b"softwareVendor", b"deviceId"),
        (b"osPlatform", b"computerDnsName"),
    )
)
_PAGE = re.compile(rb'"(?:value|@odata\.context)"\s*:')
_CAPITALS = re.compile(r"^(?:[A-Z]+(?=[A-Z][a-z])|[A-Z])")  # OSPlatform, CveId
_SHORT_MINOR = re.compile(r"^(\d+)\.(\d)$")


def detect(head: bytes, filename: str) -> bool:
    start = start_of(head)[:1]
    return start in {b"{", b"["} and any(first.search(head) and second.search(head) for first, second in _MARKS)


def parse(stream: BinaryIO, limits: Limits) -> Reports:
    """One Report a machine, in order of appearance, after the Rejected of the records that were no use."""
    reader = _Reader(Scan("defender", limits))
    yield from take_all(_rows(stream, reader), reader.take)
    if not reader.seen:
        raise UnreadableReport("this is nothing of Defender's: it has no list of machines, software or vulnerabilities")
    reader.scan.complete = reader.scan.complete and reader.findings
    yield from reader.scan.reports()


SOURCE = Source(name="ms_defender", label="Microsoft Defender machines and vulnerabilities", detect=detect, parse=parse)


def _rows(stream: BinaryIO, reader: _Reader) -> Iterator[Found]:
    head = head_of(stream)
    if not start_of(head).startswith(b"[") and not _PAGE.search(head):
        reader.scan.complete = False  # an export comes in many files
        yield from line_stream.objects(stream, reader.scan.limits)
        return
    number = 0
    for path, value in json_values(stream, reader.scan, "value.item", "item", *_OF_A_PAGE, ends=("value",)):
        if value is END:
            reader.seen = True
        elif path in _OF_A_PAGE:
            reader.scan.complete = False
        else:
            number += 1
            yield f"record {number}", value


_OF_A_PAGE = ("@odata.context", "@odata.nextLink")


class _Reader:
    """Takes rows of either spelling: machineId or deviceId, productName or softwareName, CveId or cveId."""

    def __init__(self, scan: Scan) -> None:
        self.scan = scan
        self.seen = False
        self.findings = False

    def take(self, row: Row) -> None:
        row = {_CAPITALS.sub(lambda found: found[0].lower(), key): value for key, value in row.items()}
        self.seen = True
        if "cveId" in row:
            self._take_finding(row)
        elif "softwareName" in row:
            self.scan.install(self._machine(row), _software(row, self.scan.limits))
        elif "osPlatform" in row:
            self._take_machine(row)
        else:
            raise fields.BadField("it is neither a machine, nor software, nor a vulnerability")

    def _take_finding(self, row: Row) -> None:
        machine = self._machine(row)
        self.findings = True
        if not row.get("cveId"):  # a row of an export for software without vulnerabilities
            self.scan.install(machine, _software(row, self.scan.limits))
        elif row.get("status") == "Fixed":
            self.scan.leave_out("fixed findings")
        elif not (row.get("productName") or row.get("softwareName")):
            raise fields.BadField(f"{plain(row, 'cveId') or 'the finding'} names no product")
        else:
            about = _software(row, self.scan.limits)
            severity = row.get("severity") or row.get("vulnerabilitySeverityLevel")
            update = plain(row, "fixingKbId")
            fixed = f"KB{update}" if update.isdecimal() else update or row.get("recommendedSecurityUpdate")
            self.scan.find(machine, row.get("cveId"), about, severity=severity, fixed=fixed)

    def _machine(self, row: Row) -> Assessed:
        external_id = fields.name(row.get("machineId") or row.get("deviceId"), self.scan.limits, "machineId")
        return self.scan.machine(external_id, _facts(external_id, row))

    def _take_machine(self, row: Row) -> None:
        external_id = fields.name(row.get("id"), self.scan.limits, "id")
        self.scan.machine(external_id).facts = _facts(external_id, row)


def _facts(external_id: str, row: Row) -> MachineFacts:
    name = plain(row, "computerDnsName") or plain(row, "deviceName")
    os_name, version = plain(row, "osPlatform"), _release(plain(row, "version") or plain(row, "osVersion"))
    platform = platform_of(os_name, version)
    build = row.get("osBuild")
    return MachineFacts(
        external_id=external_id,
        name=name,
        domain=name.partition(".")[2],
        family=family_of(platform),
        platform=platform,
        os_name=re.sub(r"(?<=[a-z])(?=[A-Z0-9])", " ", os_name) if platform else "",
        os_version=version if platform else "",
        os_build=str(build) if isinstance(build, int) and not isinstance(build, bool) else "",
        architecture=plain(row, "osArchitecture"),
        ip_addresses=_addresses(row),
    )


def _release(version: str) -> str:
    """Ubuntu's 22.04 is told as 22.4."""
    return _SHORT_MINOR.sub(r"\1.0\2", version)


def _addresses(row: Row) -> tuple[str, ...]:
    found = row.get("ipAddresses")
    addresses = [plain(item, "ipAddress") for item in found if isinstance(item, dict)] if isinstance(found, list) else []
    return fields.addresses(*addresses, plain(row, "lastIpAddress"))


def _software(row: Row, limits: Limits) -> InstalledSoftware:
    """Product and vendor are named as vulnerability data names them: google, chrome."""
    return InstalledSoftware(
        ecosystem="cpe",
        name=fields.name(row.get("productName") or row.get("softwareName"), limits, "productName"),
        version=fields.version(row.get("productVersion") or row.get("softwareVersion"), limits, "productVersion"),
        vendor=fields.text(row.get("productVendor") or row.get("softwareVendor"), "productVendor", limits),
        evidence=fields.evidence((*texts(row.get("diskPaths"))[:3], *texts(row.get("registryPaths"))[:3])),
    )
