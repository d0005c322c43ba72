"""CycloneDX bills of materials, JSON 1.2 to 1.7 and XML (CycloneDX/specification, schema/bom-*.schema.json and .xsd).

The document is read as a stream, a component at a time. Nested components count as their parents do.
A bill is complete for every ecosystem it holds. Vulnerabilities in it are not read: they are matched here.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any, BinaryIO
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import iterparse

from inventory.errors import UnreadableReport
from inventory.records import InstalledSoftware, MachineFacts, Rejected, Report, Reports
from inventory.rules import family_of, platform_of
from inventory.sources import fields
from inventory.sources.components import HOST_TYPES, Component, software_of
from inventory.sources.frame import Limits, Source
from inventory.sources.json_stream import BadJson, values
from inventory.sources.systems import operating_system

_XML = re.compile(rb"<(?:\w+:)?bom[\s>][^>]*cyclonedx|cyclonedx\.org/schema/bom", re.IGNORECASE)
_KEYS = ("type", "name", "version", "group", "publisher", "purl", "cpe")
_XML_DEPTH = 128
Found = tuple[str, Component | Rejected]


def detect(head: bytes, filename: str) -> bool:
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if start.startswith(b"<"):
        return bool(_XML.search(head))
    if not start.startswith(b"{"):
        return False
    return bool(re.search(rb'"bomFormat"\s*:\s*"CycloneDX"|cyclonedx\.org/schema/bom', head)) or _has_format_later(head, filename)


def _has_format_later(head: bytes, filename: str) -> bool:
    """Keys may come in any order: components first, the format at the end."""
    return b'"bom-ref"' in head and b'"spdxVersion"' not in head


def parse(stream: BinaryIO, limits: Limits) -> Reports:
    """One Report, after the Rejected of the components that were no use. A document that ends early only adds."""
    start = stream.read(256).lstrip(b"\xef\xbb\xbf \t\r\n")
    stream.seek(0)
    bill = _Bill()
    for place, component in _of_xml(stream, bill, limits) if start.startswith(b"<") else _of_json(stream, bill, limits):
        if isinstance(component, Rejected):
            bill.complete = bill.complete and component.place != "document"
            yield component
        elif bill.full(limits):
            yield Rejected(place, f"more than {limits.records:,} components; the rest was left out")
            break
        else:
            yield from bill.take(place, component, limits)
    if bill.components == 0:
        raise UnreadableReport("the bill of materials holds no components")
    yield bill.report()


SOURCE = Source(name="cyclonedx", label="CycloneDX bill of materials", detect=detect, parse=parse)


class _Bill:
    """What has been read of a document so far."""

    def __init__(self) -> None:
        self.complete = True
        self.components = 0
        self.serial = ""
        self.host: Component | None = None
        self._software: dict[InstalledSoftware, None] = {}
        self._systems: list[tuple[str, str, str]] = []
        self._platforms: Counter[str] = Counter()

    def full(self, limits: Limits) -> bool:
        if self.components >= limits.records:
            self.complete = False
        return not self.complete

    def take(self, place: str, component: Component, limits: Limits) -> Iterator[Rejected]:
        self.components += 1
        try:
            if component.type == "operating-system":
                self._systems.append(_named(component, limits))
                return
            made = software_of(component, limits)
        except fields.BadField as error:
            label = component.name if isinstance(component.name, str) else ""
            yield Rejected(place, str(error), fields.excerpt(component.purl or component.cpe or label))
            return
        if made is not None:
            self._software[made] = None
            if made.platform:
                self._platforms[made.platform] += 1

    def report(self) -> Report:
        os_name, os_version, platform = self._systems[0] if self._systems else ("", "", "")
        if not platform and self._platforms:
            platform = self._platforms.most_common(1)[0][0]
        facts = MachineFacts(
            external_id=self._host_name(),
            name=self._host_name(),
            platform=platform,
            family=family_of(platform),
            os_name=os_name,
            os_version=os_version,
        )
        software = list(self._software)
        covers = {record.ecosystem if record.ecosystem != "other" else f"other/{record.vendor}" for record in software}
        if system := operating_system(platform):
            software.append(system)
            covers.add("os")
        return Report(machine=facts, software=tuple(software), covers=frozenset(covers if self.complete else ()), fallback_id=self.serial)

    def _host_name(self) -> str:
        """Only a machine's own bill names the machine: an application's names the application."""
        if self.host is None or self.host.type not in HOST_TYPES:
            return ""
        name = self.host.name
        return name.strip()[:200] if isinstance(name, str) and "\x00" not in name and name.isprintable() else ""


def _named(component: Component, limits: Limits) -> tuple[str, str, str]:
    name = fields.name(component.name, limits)
    version = fields.version(component.version, limits)
    return name, version[:80], platform_of(name, version)


# --- JSON ------------------------------------------------------------------------------------------------------------


def _of_json(stream: BinaryIO, bill: _Bill, limits: Limits) -> Iterator[Found]:
    number = 0
    try:
        for path, value in values(stream, "serialNumber", "metadata.component", "components.item"):
            if path == "components.item":
                number += 1
                yield from _flat(value, f"component {number}", limits)
            elif path == "serialNumber":
                bill.serial = value[:200] if isinstance(value, str) else ""
            elif isinstance(value, dict):
                bill.host = Component(type=value.get("type"), name=value.get("name"))
    except BadJson as error:
        reason = f"not valid JSON after component {number}: {error}; the components before it were read"
        yield "document", Rejected("document", reason)


def _flat(value: Any, place: str, limits: Limits) -> Iterator[Found]:
    """A component and those nested in it, without recursion."""
    waiting = [(value, place, 1)]
    while waiting:
        found, where, depth = waiting.pop()
        if not isinstance(found, dict):
            yield where, Rejected(where, "the component is no object", fields.excerpt(found))
            continue
        yield where, Component(**{key: found.get(key) for key in _KEYS}, locations=_locations(found))
        nested = found.get("components") or []
        if not isinstance(nested, list):
            yield where, Rejected(where, "its components are no list")
        elif nested and depth >= limits.depth:
            yield where, Rejected(where, f"components are nested deeper than {limits.depth} levels")
        else:
            waiting.extend((child, f"{where}.{number}", depth + 1) for number, child in reversed(list(enumerate(nested, 1))))


def _locations(found: dict[str, Any]) -> tuple[object, ...]:
    """The first places where the component was found, as syft and trivy note them in properties."""
    properties = found.get("properties")
    if not isinstance(properties, list):
        return ()
    pairs = [(item.get("name"), item.get("value")) for item in properties if isinstance(item, dict)]
    return tuple(value for name, value in pairs if isinstance(name, str) and re.search(r"location:\d+:path$|FilePath$", name))[:3]


# --- XML -------------------------------------------------------------------------------------------------------------


def _of_xml(stream: BinaryIO, bill: _Bill, limits: Limits) -> Iterator[Found]:
    number = 0
    try:
        for found in _xml_components(stream, bill):
            number += 1
            yield f"component {number}", found
    except DefusedXmlException as error:
        reason = "it declares a document type or entities, which are not accepted"
        raise UnreadableReport(f"the XML is refused: {reason} ({type(error).__name__})") from error
    except (ParseError, _TooDeep) as error:
        yield "document", Rejected("document", f"not usable XML after component {number}: {error}; the components before it were read")


class _TooDeep(Exception):
    pass


def _xml_components(stream: BinaryIO, bill: _Bill) -> Iterator[Component]:
    path: list[str] = []
    for event, element in iterparse(stream, events=("start", "end"), forbid_dtd=True):
        tag = _local(element)
        if event == "start":
            path.append(tag)
            if len(path) > _XML_DEPTH:
                raise _TooDeep(f"elements are nested deeper than {_XML_DEPTH} levels")
            if len(path) == 1:
                bill.serial = element.get("serialNumber", "")[:200]
            continue
        path.pop()
        if tag != "component":
            if "component" not in path:
                element.clear()
            continue
        component = _xml_component(element)
        if path == ["bom", "metadata"]:
            bill.host = component
        elif path[:2] == ["bom", "components"]:
            yield component
        element.clear()


def _xml_component(element: Element) -> Component:
    values: dict[str, object] = {_local(child): child.text for child in element if _local(child) in _KEYS}
    values["type"] = element.get("type", "")
    return Component(**values)  # type: ignore[arg-type]  # the keys are among _KEYS


def _local(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]
