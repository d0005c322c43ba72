"""OVAL 5.x XML, read as a stream: definitions first, then the tests, objects, states and variables that they rest on.

A document of a distribution release has tens of megabytes and names everything by reference, so that nothing can be said before
its end is read. Definitions wait in a temporary file; what is kept is one line per test. One element may neither nest deeper
than 40 levels nor take more than 64 MB of the stream.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO, Any
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import iterparse

from weaknesses.errors import FeedError
from weaknesses.feeds.oval import Condition, Criteria, PackageTest, Test
from weaknesses.feeds.reading import BAD_RECORD, cve_id, day, refused
from weaknesses.records import Refused

DEEPEST = 40
MOST_OF_ONE = 64 * 2**20  # bytes between two elements
_SECTIONS = ("definitions", "tests", "objects", "states", "variables")
_PACKAGE_TESTS = ("dpkginfo_test", "rpminfo_test")
_RELEASE = re.compile(r"Red Hat Enterprise Linux ([0-9]{1,2}) is installed")
_STREAM = re.compile(r"Module ([\w.+-]+:[\w.+-]+) is enabled")
_PLATFORM = re.compile(r"(Ubuntu|Red Hat Enterprise Linux) ([0-9]{1,2}(?:\.[0-9]{2})?)")
_CVSS = re.compile(r"(?:[0-9.]+/)?(CVSS:[34][^ ]+)")
_DAY = re.compile(r"[0-9]{8}")


@dataclass(frozen=True, slots=True)
class Definition:
    """What is kept of a definition. `cves`: id -> (CVSS vector, severity word). `day`: of its last change, ISO 8601."""

    title: str
    kind: str
    platform: str
    cves: dict[str, tuple[str, str]]
    links: tuple[str, ...]
    day: str
    criteria: Criteria


@dataclass(slots=True)
class _Document:
    """What the sections after the definitions hold, by id. A test: (comment, object, states, is a package test, exists)."""

    tests: dict[str, tuple[str, str, tuple[str, ...], bool, bool]] = field(default_factory=dict)
    objects: dict[str, tuple[tuple[str, ...], str]] = field(default_factory=dict)  # names, or a variable
    states: dict[str, tuple[str, str]] = field(default_factory=dict)  # operation, version; ("", "") for a state of something else
    variables: dict[str, tuple[str, ...]] = field(default_factory=dict)


def read(stream: IO[bytes]) -> Iterator[tuple[Definition, dict[str, Test]] | Refused]:
    """Every definition that names a CVE, with the tests of the whole document. Raises FeedError for a document that is broken."""
    document = _Document()
    with tempfile.TemporaryFile(prefix="tvm-oval-") as waiting:
        for section, element in _elements(stream):
            try:
                if section == "definitions":
                    found = _definition(element)
                    if found:
                        waiting.write(json.dumps(found).encode() + b"\n")
                else:
                    _remember(document, section, element)
            except BAD_RECORD as error:
                yield refused(str(element.get("id") or section), error)
        tests = _tests(document)
        waiting.seek(0)
        for line in waiting:
            yield _restored(json.loads(line)), tests


# --- the stream --------------------------------------------------------------------------------------------------------


class _Metered:
    """Counts what is read since the last element was done with."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.taken = 0

    def read(self, size: int = -1, /) -> bytes:
        chunk = self._stream.read(size)
        self.taken += len(chunk)
        if self.taken > MOST_OF_ONE:
            raise FeedError("One element of the document is larger than the portal accepts.")
        return chunk


def _elements(stream: IO[bytes]) -> Iterator[tuple[str, Element]]:
    """(section, element) for each child of a section, which is forgotten afterwards."""
    metered = _Metered(stream)
    path: list[Element] = []
    try:
        for event, element in iterparse(metered, events=("start", "end"), forbid_dtd=True):
            if event == "start":
                path.append(element)
                if len(path) > DEEPEST:
                    raise FeedError(f"The document nests deeper than {DEEPEST} levels.")
                continue
            path.pop()
            if len(path) == 2 and (section := local(path[1])) in _SECTIONS:
                yield section, element
            if len(path) in (1, 2):
                path[-1].clear()
                metered.taken = 0
    except (ParseError, DefusedXmlException) as error:
        raise FeedError(f"The document is not XML that the portal accepts: {error or type(error).__name__}") from error


def local(element: Element) -> str:
    """The name of an element without its namespace."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def _children(element: Element | None, name: str) -> list[Element]:
    return [child for child in element if local(child) == name] if element is not None else []


def _first(element: Element | None, name: str) -> Element | None:
    return next(iter(_children(element, name)), None)


def _text(element: Element | None) -> str:
    return (element.text or "").strip() if element is not None else ""


# --- definitions -------------------------------------------------------------------------------------------------------


def _definition(element: Element) -> list[Any] | None:
    """A definition as JSON holds it; None for one that is no advisory (which release is installed) or names no CVE."""
    criteria, metadata = _first(element, "criteria"), _first(element, "metadata")
    kind = element.get("class", "")
    if kind not in ("patch", "vulnerability") or criteria is None or metadata is None:
        return None
    advisory = _first(metadata, "advisory")
    references = _children(metadata, "reference")
    cves = {_cve(reference.get("ref_id")): ("", "") for reference in references if reference.get("source", "").upper() == "CVE"}
    for stated in _children(advisory, "cve"):
        cves[_cve(_text(stated))] = _rating(stated)
    if not cves:
        return None
    links = [reference.get("ref_url") for reference in references if reference.get("source", "").upper() != "CVE"]
    platforms = [_platform(_text(each)) for each in _children(_first(metadata, "affected"), "platform")]
    platform = next((each for each in platforms if each), "")
    return [_text(_first(metadata, "title")), kind, platform, cves, links, _changed(advisory), _tree(criteria)]


def _cve(value: object) -> str:
    return cve_id(value)


def _rating(stated: Element) -> tuple[str, str]:
    """Ubuntu: cvss_vector and priority; Red Hat: cvss3="7.5/CVSS:3.1/..." and impact."""
    vector = _CVSS.match(stated.get("cvss_vector") or stated.get("cvss3") or stated.get("cvss4") or "")
    return (vector[1] if vector else "", stated.get("priority") or stated.get("impact") or "")


def _platform(name: str) -> str:
    found = _PLATFORM.match(name)
    return f"{'ubuntu' if found[1] == 'Ubuntu' else 'rhel'}-{found[2]}" if found else ""


def _changed(advisory: Element | None) -> str:
    days = [each.get("date", "") for name in ("issued", "updated") for each in _children(advisory, name)]
    known = [found.isoformat() for found in map(day, days) if found]
    return max(known, default="")


def _tree(node: Element) -> list[Any]:
    tests = [child.get("test_ref", "") for child in _children(node, "criterion") if child.get("negate", "false") != "true"]
    children = [_tree(child) for child in _children(node, "criteria")]
    return [node.get("operator", "AND").upper() == "AND", tests, children, node.get("negate", "false") == "true"]


def _restored(parts: list[Any]) -> Definition:
    title, kind, platform, cves, links, changed, tree = parts
    rated = {cve: (vector, severity) for cve, (vector, severity) in cves.items()}
    return Definition(title, kind, platform, rated, tuple(link for link in links if link), changed, _criteria(tree))


def _criteria(parts: list[Any]) -> Criteria:
    is_and, tests, children, negate = parts
    return Criteria(is_and, tuple(tests), tuple(_criteria(child) for child in children), negate)


# --- what they rest on ---------------------------------------------------------------------------------------------------


def _remember(document: _Document, section: str, element: Element) -> None:
    identifier, name = element.attrib["id"], local(element)
    if section == "tests":
        states = tuple(child.attrib["state_ref"] for child in _children(element, "state"))
        subject = _first(element, "object")
        reference = subject.attrib["object_ref"] if subject is not None else ""
        exists = element.get("check_existence", "at_least_one_exists") not in ("none_exist", "any_exist")
        document.tests[identifier] = (element.get("comment", ""), reference, states, name in _PACKAGE_TESTS, exists)
    elif section == "objects" and name in ("dpkginfo_object", "rpminfo_object"):
        named = _first(element, "name")
        if named is not None and named.get("operation", "equals") == "equals":
            document.objects[identifier] = ((_text(named),) if _text(named) else (), named.get("var_ref", ""))
    elif section == "states" and name in ("dpkginfo_state", "rpminfo_state"):
        version = _first(element, "evr")
        document.states[identifier] = (version.get("operation", "equals"), _text(version)) if version is not None else ("", "")
    elif section == "variables" and name == "constant_variable":
        document.variables[identifier] = tuple(_text(value) for value in _children(element, "value"))


def _tests(document: _Document) -> dict[str, Test]:
    found: dict[str, Test] = {}
    for identifier, (comment, subject, states, is_package, exists) in document.tests.items():
        test = _package_test(document, subject, states) if is_package and exists else _condition(comment)
        if test is not None:
            found[identifier] = test
    return found


def _condition(comment: str) -> Condition | None:
    release, stream = _RELEASE.search(comment), _STREAM.search(comment)
    if not release and not stream:
        return None
    return Condition((f"rhel-{release[1]}",) if release else (), stream[1] if stream else "")


def _package_test(document: _Document, subject: str, states: tuple[str, ...]) -> PackageTest | None:
    """None where no version is compared with, or in a way that bounds nothing (equals: what a live patch belongs to)."""
    named, variable = document.objects.get(subject, ((), ""))
    names = tuple(dict.fromkeys(name for name in (*named, *document.variables.get(variable, ())) if name))
    if not names:
        return None
    if not states:
        return PackageTest(names)
    start = end = ""
    included = False
    for operation, version in (document.states.get(each, ("", "")) for each in states):
        evr = version.removeprefix("0:")
        if operation in ("less than", "less than or equal"):
            end, included = evr, operation != "less than"
        elif operation == "greater than or equal":
            start = evr
    return PackageTest(names, end=end, end_included=included, start=start) if start or end else None
