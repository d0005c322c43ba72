"""Results of Nessus and other Tenable products: .nessus files (NessusClientData_v2), and the CSV of each product.

CSV headers differ: Nessus ("Plugin ID", "Host", "Plugin Output"), Tenable Security Center ("Plugin", "IP Address",
"DNS Name", "Plugin Text"), Tenable Vulnerability Management ("definition.id", "asset.name", "output").
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import BinaryIO
from xml.etree.ElementTree import Element

from inventory.errors import UnreadableReport
from inventory.records import Rejected, Reports
from inventory.sources import fields, xml_stream
from inventory.sources.frame import Limits, Source, head_of, start_of
from inventory.sources.network_scans import Check, Hosts, take
from inventory.sources.rows import Row, take_all
from inventory.sources.scanner_reports import Scan, columns, csv_records, severity_of
from inventory.sources.xml_stream import local, text_of

_XML = re.compile(rb"<NessusClientData_v2[\s>]")
_PLUGIN = re.compile(rb'(?:^|,)"?(?:Plugin|Plugin ID|definition\.id)"?(?:,|\r?$)')
_HOST = re.compile(rb'(?:^|,)"?(?:IP Address|Host|asset\.name|asset\.display_ipv4_address)"?(?:,|\r?$)')
_COLUMNS = {
    "plugin": ("Plugin", "Plugin ID", "definition.id"),
    "cve": ("CVE", "CVEs", "definition.cve"),
    "cpe": ("CPE", "definition.cpe"),
    "output": ("Plugin Text", "Plugin Output", "output"),
    "severity": ("Severity", "Risk", "severity", "Risk Factor"),
    "name": ("DNS Name", "NetBIOS Name", "asset.host_name", "asset.name"),
    "address": ("IP Address", "asset.display_ipv4_address", "asset.ipv4_addresses"),
    "host": ("Host",),
}
_HEADER = {name for names in (_COLUMNS["plugin"], _COLUMNS["cve"]) for name in names}
_PROPERTIES = ("host-ip", "host-fqdn", "hostname", "netbios-name")  # the address, and names in order of preference
_LEVELS = ("info", "low", "medium", "high", "critical")
_ADDRESS = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}|[0-9a-fA-F]*:[0-9a-fA-F:.]+")


def detect(head: bytes, filename: str) -> bool:
    start = start_of(head)
    if start.startswith(b"<"):
        return bool(_XML.search(head[:2_000]))
    first = start.partition(b"\n")[0]
    return bool(_PLUGIN.search(first) and _HOST.search(first))


def parse(stream: BinaryIO, limits: Limits) -> Reports:
    """One Report a host, in order of appearance, after the Rejected of the results that name no CVE or product."""
    start = start_of(head_of(stream))
    scan = Scan("nessus", limits)
    hosts = Hosts(scan)
    if start.startswith(b"<"):
        yield from _of_xml(stream, scan, hosts)
    else:
        yield from take_all(
            csv_records(stream, scan, is_header=lambda header: bool(_HEADER & {*header})), lambda row: _take_row(scan, hosts, row)
        )
    yield from scan.reports()


SOURCE = Source(name="nessus", label="Nessus results", detect=detect, parse=parse)

# --- CSV -------------------------------------------------------------------------------------------------------------


def _take_row(scan: Scan, hosts: Hosts, row: Row) -> None:
    said = columns(row, _COLUMNS)
    host = said["host"]
    is_address = bool(_ADDRESS.fullmatch(host))
    name = said["name"].rpartition("\\")[2] or ("" if is_address else host)
    machine = hosts.machine(name=name, address=said["address"] or (host if is_address else ""))
    take(scan, machine, Check(said["cve"], said["cpe"], said["output"], said["severity"]))


# --- XML -------------------------------------------------------------------------------------------------------------


def _of_xml(stream: BinaryIO, scan: Scan, hosts: Hosts) -> Iterator[Rejected]:
    number = 0
    try:
        wanted = ("HostProperties/tag", "ReportHost/ReportItem")
        for path, element, around in xml_stream.elements(stream, *wanted, ends=("ReportHost/HostProperties",)):
            number += path == "ReportHost/ReportItem"
            try:
                _take_element(scan, hosts, element, around)
            except fields.BadField as error:
                yield Rejected(f"result {number}", str(error), fields.excerpt(element.get("pluginName", "")))
    except xml_stream.BadXml as error:
        scan.complete = False
        yield Rejected("document", f"not usable XML after result {number}: {error}; what came before was read")
    if not scan.has_machines:
        raise UnreadableReport("the report holds no hosts")


def _take_element(scan: Scan, hosts: Hosts, element: Element, around: Sequence[Element]) -> None:
    """One property of a host, the end of these, or one of the results that come after them."""
    if local(element) == "tag":
        if element.get("name") in _PROPERTIES:
            around[-2].set(f"tag {element.get('name')}", (element.text or "").strip())
        return
    host = around[-1]
    said = host.get("name", "").strip()
    is_address = bool(_ADDRESS.fullmatch(said))
    name = next((value for key in _PROPERTIES[1:] if (value := host.get(f"tag {key}"))), "" if is_address else said)
    machine = hosts.machine(name=name, address=host.get("tag host-ip") or (said if is_address else ""))
    if local(element) == "ReportItem":
        several = {name: " ".join(child.text or "" for child in element if local(child) == name) for name in ("cve", "cpe")}
        take(scan, machine, Check(several["cve"], several["cpe"], text_of(element, "plugin_output"), _severity(element)))


def _severity(element: Element) -> str:
    level = element.get("severity", "")
    return _LEVELS[int(level)] if level in {"0", "1", "2", "3", "4"} else severity_of(text_of(element, "risk_factor"))
