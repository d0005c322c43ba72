"""Results of OpenVAS and Greenbone: the XML report (GMP, get_reports) and its CSV ("CSV Results").

The XML lists the hosts with the products found on them (details named App), which are added; the CSV has results only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO
from xml.etree.ElementTree import Element

from inventory.errors import UnreadableReport
from inventory.records import Rejected, Reports
from inventory.sources import fields, xml_stream
from inventory.sources.components import Component, software_of
from inventory.sources.frame import Limits, Source, head_of, start_of
from inventory.sources.network_scans import Check, Hosts, take
from inventory.sources.rows import Row, take_all
from inventory.sources.scanner_reports import Scan, columns, csv_records
from inventory.sources.xml_stream import local, text_of

_XML = re.compile(rb"<(?:report|get_reports_response)[\s>]")
_GREENBONE = re.compile(rb"<(?:report_format|nvt|gmp|omp|scan_run_status|format_id)\b|content_type=\"text/xml\"|\bformat_id=")
_CSV = re.compile(rb"^\"?IP\"?,\"?Hostname\"?,\"?Port\"?,\"?Port Protocol\"?,\"?CVSS\"?,")
_HEADER = {"IP", "Hostname", "NVT Name", "CVEs"}
_COLUMNS = {
    "name": ("Hostname",),
    "address": ("IP",),
    "cve": ("CVEs",),
    "check": ("NVT OID", "NVT Name"),
    "product": ("Product Detection Result", "Summary"),
    "output": ("Specific Result",),
    "severity": ("Severity", "CVSS"),
}


def detect(head: bytes, filename: str) -> bool:
    start = start_of(head)
    if start.startswith(b"<"):
        return bool(_XML.search(head[:2_000]) and _GREENBONE.search(head))
    return bool(_CSV.match(start))


def parse(stream: BinaryIO, limits: Limits) -> Reports:
    """One Report a host, in order of appearance, after the Rejected of the results that name no CVE or product."""
    start = start_of(head_of(stream))
    scan = Scan("openvas", limits)
    if start.startswith(b"<"):
        yield from _of_xml(stream, scan)
    else:
        hosts = Hosts(scan)
        yield from take_all(csv_records(stream, scan, is_header=_HEADER.issubset), lambda row: _take_row(scan, hosts, row))
    yield from scan.reports()


SOURCE = Source(name="openvas", label="OpenVAS results", detect=detect, parse=parse)

# --- CSV -------------------------------------------------------------------------------------------------------------


def _take_row(scan: Scan, hosts: Hosts, row: Row) -> None:
    said = columns(row, _COLUMNS)
    machine = hosts.machine(name=said["name"], address=said["address"])
    take(scan, machine, Check(said["cve"] or said["check"], said["product"], said["output"], said["severity"]))


# --- XML -------------------------------------------------------------------------------------------------------------


def _of_xml(stream: BinaryIO, scan: Scan) -> Iterator[Rejected]:
    hosts, number = Hosts(scan), 0
    try:
        for path, element, _ in xml_stream.elements(stream, "results/result", "report/host"):
            number += path == "results/result"
            try:
                if path == "report/host":
                    _take_host(scan, hosts, element)
                else:
                    _take_result(scan, hosts, element)
            except fields.BadField as error:
                yield Rejected(f"result {number}", str(error), fields.excerpt(text_of(element, "name")))
    except xml_stream.BadXml as error:
        scan.complete = False
        yield Rejected("document", f"not usable XML after result {number}: {error}; what came before was read")
    if not scan.has_machines:
        raise UnreadableReport("the report holds no hosts and no results")


def _take_result(scan: Scan, hosts: Hosts, result: Element) -> None:
    found = next((child for child in result if local(child) == "host"), None)
    nvt = next((child for child in result if local(child) == "nvt"), None)
    if found is None or nvt is None:
        raise fields.BadField("the result has no host or no nvt")
    machine = hosts.machine(name=text_of(found, "hostname"), address=(found.text or "").strip())
    references = [ref.get("id", "") for ref in nvt.iter() if local(ref) == "ref" and ref.get("type", "").lower() == "cve"]
    cves = " ".join([*references, text_of(nvt, "cve"), nvt.get("oid", "")])
    output = text_of(result, "description")
    detected = [detail.text or "" for detail in result.iter() if local(detail) == "value"]
    severity = text_of(result, "threat") or text_of(result, "severity")
    take(scan, machine, Check(cves, " ".join(detected) or output, output, severity))


def _take_host(scan: Scan, hosts: Hosts, element: Element) -> None:
    """A host that was scanned, found vulnerable or not, and the products seen on it."""
    details = [(text_of(detail, "name"), text_of(detail, "value")) for detail in element if local(detail) == "detail"]
    name = next((value for key, value in details if key == "hostname"), "")
    machine = hosts.machine(name=name, address=text_of(element, "ip"))
    for key, value in details:
        if key == "App" and value.startswith("cpe:"):
            made = software_of(Component(cpe=value), scan.limits)
            if made is not None and made.version:
                scan.install(machine, made)
