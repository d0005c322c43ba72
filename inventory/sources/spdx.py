"""SPDX 2.x documents, JSON and tag-value (spdx/spdx-spec, version 2.3: clauses 7 "Package information" and 11 "Relationships").

The document is read as a stream, a package at a time; files and snippets in it are passed over. What is only described as
the document's subject is no installed software; as a device, container or operating system it names the machine.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO

from inventory.records import Rejected, Reports
from inventory.sources import fields
from inventory.sources.bills import Bill, Found
from inventory.sources.components import HOST_TYPES, SOFTWARE_TYPES, Component
from inventory.sources.frame import Limits, Source, head_of, start_of
from inventory.sources.json_stream import BadJson, values

_JSON = re.compile(rb'"spdxVersion"\s*:\s*"SPDX-2|"SPDXID"\s*:\s*"SPDXRef-')
_TAGS = re.compile(rb"^SPDXVersion:\s*SPDX-2", re.MULTILINE)
_DOCUMENT = "SPDXRef-DOCUMENT"
_PURPOSES = SOFTWARE_TYPES | HOST_TYPES
_INSTALLED_WHERE_NOT_SAID = "library"
_PATHS = ("documentNamespace", "documentDescribes.item", "relationships.item", "packages.item")
_WRAP = "sbom."  # as some dependency graphs are exported: {"sbom": {...}}


def detect(head: bytes, filename: str) -> bool:
    start = start_of(head)
    if start.startswith(b"{"):
        return bool(_JSON.search(head)) and b'"bomFormat"' not in head
    return bool(_TAGS.search(head))


def parse(stream: BinaryIO, limits: Limits) -> Reports:
    """One Report, after the Rejected of the packages that were no use. A document that ends early only adds."""
    start = start_of(head_of(stream))
    document = _Document(Bill(limits))
    found = _of_json(stream, document) if start.startswith(b"{") else _of_tags(stream, document, limits)
    yield from document.bill.take_all(found)
    document.settle()
    yield document.bill.report()


SOURCE = Source(name="spdx", label="SPDX document", detect=detect, parse=parse)


class _Document:
    """The packages of a document, and which of them it describes: known only when all relationships were read."""

    def __init__(self, bill: Bill) -> None:
        self.bill = bill
        self.described: dict[object, None] = {}
        self._packages: dict[str, Component] = {}

    def relate(self, subject: object, relation: object, other: object) -> None:
        if relation == "DESCRIBES" and subject == _DOCUMENT and isinstance(other, str):
            self.described[other] = None
        elif relation == "DESCRIBED_BY" and other == _DOCUMENT and isinstance(subject, str):
            self.described[subject] = None

    def component(self, package: dict[str, Any]) -> Component:
        made = _component(package)
        identifier = package.get("SPDXID")
        if isinstance(identifier, str) and len(identifier) <= fields.IDENTIFIER:
            self._packages[identifier] = made
        return made

    def settle(self) -> None:
        """One described package is what the document is about; several are its content."""
        roots = [self._packages[item] for item in self.described if isinstance(item, str) and item in self._packages]
        if len(roots) == 1:
            self.bill.set_root(roots[0])


def _component(package: dict[str, Any]) -> Component:
    purpose = package.get("primaryPackagePurpose")
    if isinstance(purpose, str):
        purpose = purpose.strip().lower().replace("_", "-")
    refs = package.get("externalRefs")
    refs = [ref for ref in refs if isinstance(ref, dict)] if isinstance(refs, list) else []
    return Component(
        type=purpose or _INSTALLED_WHERE_NOT_SAID,
        name=package.get("name"),
        version=package.get("versionInfo"),
        publisher=_supplier(package.get("supplier")),
        purl="" if isinstance(purpose, str) and purpose not in _PURPOSES else _reference(refs, "purl"),
        cpe=_reference(refs, "cpe23Type") or _reference(refs, "cpe22Type"),
        locations=_locations(package.get("sourceInfo")),
    )


def _reference(refs: list[dict[str, Any]], kind: str) -> object:
    """The first reference of a kind, which is a word or an address that ends in it."""
    for ref in refs:
        name = ref.get("referenceType")
        if isinstance(name, str) and name.rpartition("/")[2] == kind:
            return ref.get("referenceLocator")
    return ""


_SUPPLIER = re.compile(r"(?:Organization|Person):\s*(.*?)\s*(?:\([^()]*\))?$")


def _supplier(value: object) -> object:
    """The name in "Organization: Example Ltd. (mail@example.org)"; NOASSERTION is none."""
    if not isinstance(value, str):
        return value
    match = _SUPPLIER.match(value.strip()[:1000])
    return match[1] if match else ""


def _locations(source: object) -> tuple[object, ...]:
    """The first paths that syft notes: "acquired package info from DPKG DB: /var/lib/dpkg/status"."""
    if not isinstance(source, str):
        return ()
    paths = source.partition(": ")[2].split(", ", 3)[:3]
    return tuple(path for path in paths if path.startswith("/"))


# --- JSON ------------------------------------------------------------------------------------------------------------


def _of_json(stream: BinaryIO, document: _Document) -> Iterator[Found]:
    number = 0
    try:
        for path, value in values(stream, *_PATHS, *(_WRAP + path for path in _PATHS)):
            match path.removeprefix(_WRAP), value:
                case "packages.item", dict():
                    number += 1
                    yield f"package {number}", document.component(value)
                case "packages.item", _:
                    number += 1
                    yield f"package {number}", Rejected(f"package {number}", "the package is no object", fields.excerpt(value))
                case "documentNamespace", _:
                    document.bill.serial = value
                case "documentDescribes.item", str():
                    document.described[value] = None
                case "relationships.item", dict():
                    document.relate(value.get("spdxElementId"), value.get("relationshipType"), value.get("relatedSpdxElement"))
    except BadJson as error:
        reason = f"not valid JSON after package {number}: {error}; the packages before it were read"
        yield "document", Rejected("document", reason)


# --- tag-value -------------------------------------------------------------------------------------------------------

_ENDS_PACKAGE = frozenset({"FileName", "SnippetSPDXID", "LicenseID", "Relationship", "Reviewer", "Annotator"})
_TAGS_KEPT = {
    "SPDXID": "SPDXID",
    "PackageVersion": "versionInfo",
    "PackageSupplier": "supplier",
    "PrimaryPackagePurpose": "primaryPackagePurpose",
    "PackageSourceInfo": "sourceInfo",
}


def _of_tags(stream: BinaryIO, document: _Document, limits: Limits) -> Iterator[Found]:
    package: dict[str, Any] = {}
    number = 0
    for tag, value in _tags(stream, limits):
        if package and (tag == "PackageName" or tag in _ENDS_PACKAGE):
            yield f"package {number}", document.component(package)
            package = {}
        if tag == "PackageName":
            number += 1
            package = {"name": value, "externalRefs": []}
        elif tag == "ExternalRef" and package and len(parts := value.split()) == 3:
            package["externalRefs"].append({"referenceType": parts[1], "referenceLocator": parts[2]})
        elif package and tag in _TAGS_KEPT:
            package.setdefault(_TAGS_KEPT[tag], value)
        elif tag == "Relationship" and len(parts := value.split()) == 3:
            document.relate(*parts)
        elif tag == "DocumentNamespace":
            document.bill.serial = value
    if package:
        yield f"package {number}", document.component(package)


def _tags(stream: BinaryIO, limits: Limits) -> Iterator[tuple[str, str]]:
    """(tag, value) of each line. Texts over several lines (<text>...</text>) are passed over: nothing that is read has any."""
    in_text = False
    for line in _lines(stream, limits):
        if in_text:
            in_text = "</text>" not in line
            continue
        tag, separator, value = line.partition(":")
        if "<text>" in value:
            in_text = "</text>" not in value
            value = value.replace("<text>", "").replace("</text>", "")
        if separator and not line.startswith("#"):
            yield tag.strip(), value.strip()


def _lines(stream: BinaryIO, limits: Limits) -> Iterable[str]:
    """The beginning of each line, as much of it as any field may be long."""
    while line := stream.readline(limits.field + 256):
        rest = line
        while rest and not rest.endswith(b"\n"):
            rest = stream.readline(limits.line)
        yield line.decode("utf-8", "surrogateescape")
