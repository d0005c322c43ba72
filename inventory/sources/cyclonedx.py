"""CycloneDX bills of materials, JSON 1.2 to 1.7 and XML (CycloneDX/specification, schema/bom-*.schema.json and .xsd).

The document is read as a stream, a component at a time. Nested components count as their parents do.
A bill is complete for every ecosystem it holds. Vulnerabilities in it are not read: they are matched here. One that holds
nothing else (VEX) is told as what it is, with the number of its statements.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, BinaryIO
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import iterparse

from inventory.records import Rejected, Reports
from inventory.sources import fields
from inventory.sources.bills import Bill, Found
from inventory.sources.components import Component
from inventory.sources.frame import Limits, Source, head_of, start_of
from inventory.sources.json_stream import BadJson, values
from inventory.sources.xml_stream import BadXml, check_depth, local, refused

_XML = re.compile(rb"<(?:\w+:)?bom[\s>][^>]*cyclonedx|cyclonedx\.org/schema/bom", re.IGNORECASE)
_KEYS = ("type", "name", "version", "group", "publisher", "purl", "cpe")
_STATEMENT = "vulnerabilities.item.id"
_STATE = "vulnerabilities.item.analysis.state"


def detect(head: bytes, filename: str) -> bool:
    start = start_of(head)
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
    start = start_of(head_of(stream))
    bill = Bill(limits)
    yield from bill.take_all(_of_xml(stream, bill, limits) if start.startswith(b"<") else _of_json(stream, bill, limits))
    yield bill.report()


SOURCE = Source(name="cyclonedx", label="CycloneDX bill of materials", detect=detect, parse=parse)


# --- JSON ------------------------------------------------------------------------------------------------------------


def _of_json(stream: BinaryIO, bill: Bill, limits: Limits) -> Iterator[Found]:
    number = 0
    try:
        for path, value in values(stream, "serialNumber", "metadata.component", "components.item", _STATEMENT, _STATE):
            if path == "components.item":
                number += 1
                yield from _flat(value, f"component {number}", limits)
            elif path == _STATEMENT:
                bill.state()
            elif path == _STATE:
                bill.state(0, affected=value)
            elif path == "serialNumber":
                bill.serial = value
            elif isinstance(value, dict):
                bill.root = _component(value)
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
        yield where, _component(found)
        nested = found.get("components") or []
        if not isinstance(nested, list):
            yield where, Rejected(where, "its components are no list")
        elif nested and depth >= limits.depth:
            yield where, Rejected(where, f"components are nested deeper than {limits.depth} levels")
        else:
            waiting.extend((child, f"{where}.{number}", depth + 1) for number, child in reversed(list(enumerate(nested, 1))))


def _component(found: dict[str, Any]) -> Component:
    return Component(**{key: found.get(key) for key in _KEYS}, locations=_locations(found))


def _locations(found: dict[str, Any]) -> tuple[object, ...]:
    """The first places where the component was found, as syft and trivy note them in properties."""
    properties = found.get("properties")
    if not isinstance(properties, list):
        return ()
    pairs = [(item.get("name"), item.get("value")) for item in properties if isinstance(item, dict)]
    return tuple(value for name, value in pairs if isinstance(name, str) and re.search(r"location:\d+:path$|FilePath$", name))[:3]


# --- XML -------------------------------------------------------------------------------------------------------------


def _of_xml(stream: BinaryIO, bill: Bill, limits: Limits) -> Iterator[Found]:
    number = 0
    try:
        for found in _xml_components(stream, bill):
            number += 1
            yield f"component {number}", found
    except DefusedXmlException as error:
        raise refused(error) from error
    except (ParseError, BadXml) as error:
        yield "document", Rejected("document", f"not usable XML after component {number}: {error}; the components before it were read")


def _xml_components(stream: BinaryIO, bill: Bill) -> Iterator[Component]:
    path: list[str] = []
    for event, element in iterparse(stream, events=("start", "end"), forbid_dtd=True):
        tag = local(element)
        if event == "start":
            path.append(tag)
            check_depth(len(path))
            if len(path) == 1:
                bill.serial = element.get("serialNumber", "")
            continue
        path.pop()
        if path[:2] == ["bom", "vulnerabilities"]:
            _take_statement(tag, path, element, bill)
        if tag != "component":
            if "component" not in path:
                element.clear()
            continue
        component = _xml_component(element)
        if path == ["bom", "metadata"]:
            bill.root = component
        elif path[:2] == ["bom", "components"]:
            yield component
        element.clear()


def _take_statement(tag: str, path: list[str], element: Element, bill: Bill) -> None:
    if tag == "vulnerability" and len(path) == 2:
        bill.state()
    elif tag == "state" and path[2:] == ["vulnerability", "analysis"]:
        bill.state(0, affected=element.text)


def _xml_component(element: Element) -> Component:
    values: dict[str, object] = {local(child): child.text for child in element if local(child) in _KEYS}
    values["type"] = element.get("type", "")
    return Component(**values)  # type: ignore[arg-type]  # the keys are among _KEYS
