"""Elements of an XML document as it is read, whatever its size. Document types and entities are refused.

For documents of many small records: each wanted element comes whole. Where a text may be as long as a book and holds other
elements in its midst (XCCDF), xml_moments tells beginnings and ends instead, with texts joined and cut.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import BinaryIO
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import iterparse

from inventory.errors import UnreadableReport

DEPTH = 128


class BadXml(Exception):
    """The document is not XML, ends early or nests too deep; the message says which. What came before was yielded."""


def elements(stream: BinaryIO, *paths: str, ends: Sequence[str] = ()) -> Iterator[tuple[str, Element, Sequence[Element]]]:
    """(path, element, the elements around it) of each element whose place in the document ends in one of these paths.

    A path is names without namespaces, "report/host"; an element is whole when it is yielded and gone after that. Of the
    elements around it the attributes are known, and no content. `ends` are paths of elements that are not kept: they are
    yielded, empty, where they end. Raises BadXml, and UnreadableReport for a document type.
    """
    wanted = {tuple(path.split("/")): path for path in paths}
    try:
        yield from _walk(
            iterparse(stream, events=("start", "end"), forbid_dtd=True), wanted, tuple(tuple(path.split("/")) for path in ends)
        )
    except DefusedXmlException as error:
        raise refused(error) from error
    except ParseError as error:
        raise BadXml(str(error)) from error


def refused(error: DefusedXmlException) -> UnreadableReport:
    """What a document type or an entity makes of a whole document, whichever way it is read."""
    return UnreadableReport(f"the XML is refused: it declares a document type or entities, which are not accepted ({type(error).__name__})")


def check_depth(depth: int) -> None:
    """Raises BadXml."""
    if depth > DEPTH:
        raise BadXml(f"elements are nested deeper than {DEPTH} levels")


def _walk(
    events: Iterator[tuple[str, Element]], wanted: dict[tuple[str, ...], str], ends: tuple[tuple[str, ...], ...]
) -> Iterator[tuple[str, Element, Sequence[Element]]]:
    lengths = {len(path) for path in wanted}
    around: list[Element] = []
    names: list[str] = []
    inside = 0  # the depth of the wanted element that is being read
    for event, element in events:
        if event == "start":
            around.append(element)
            names.append(local(element))
            check_depth(len(names))
            if not inside and any(tuple(names[-length:]) in wanted for length in lengths):
                inside = len(names)
            continue
        if inside and len(names) == inside:
            path = next(wanted[key] for length in lengths if (key := tuple(names[-length:])) in wanted)
            yield path, element, around[:-1]
            inside = 0
        elif not inside and any(tuple(names[-len(end) :]) == end for end in ends):
            yield "/".join(next(end for end in ends if tuple(names[-len(end) :]) == end)), element, around[:-1]
        around.pop()
        names.pop()
        if not inside:
            element.clear()
            if around:
                around[-1].remove(element)


def local(element: Element) -> str:
    """An element's name without its namespace."""
    return str(element.tag).rpartition("}")[2]


def text_of(element: Element, name: str) -> str:
    """The text of the first child of that name, trimmed; "" where there is none."""
    return next(((child.text or "").strip() for child in element if local(child) == name), "")
