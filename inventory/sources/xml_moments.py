"""Beginnings and ends of an XML document's elements as it is read: no tree is built, texts are joined and cut.

For documents whose records hold long texts of mixed content (XCCDF); xml_stream gives whole elements, which is easier to
use. Both refuse the same documents for the same reasons.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, BinaryIO, NamedTuple
from xml.sax import SAXParseException
from xml.sax.handler import ContentHandler

from defusedxml import DefusedXmlException
from defusedxml.sax import make_parser

from inventory.sources.xml_stream import BadXml, check_depth, refused

if TYPE_CHECKING:
    from xml.sax.xmlreader import AttributesImpl

_CHUNK = 65_536


class Moment(NamedTuple):
    """An element that begins (`text` is None) or ends. `path`: local names from the root to this element."""

    path: tuple[str, ...]
    attributes: Mapping[str, str]
    text: str | None


def moments(stream: BinaryIO, *, texts: frozenset[str], limit: int, marks: Mapping[str, str]) -> Iterator[Moment]:
    """Every element's beginning and end, in the document's order. Raises BadXml, and UnreadableReport for a document type.

    The text of an element is collected where its local name is in `texts`, with that of the elements in it, up to `limit`
    characters. `marks`: local name -> attribute; such an element within a text is written as ${attribute's value}.
    """
    handler = _Handler(texts=texts, limit=limit, marks=marks)
    parser = make_parser()
    parser.forbid_dtd = True
    parser.setContentHandler(handler)
    try:
        while chunk := stream.read(_CHUNK):
            parser.feed(chunk)
            yield from handler.taken()
        parser.close()
        yield from handler.taken()
    except DefusedXmlException as error:
        raise refused(error) from error
    except BadXml:
        yield from handler.taken()
        raise
    except (SAXParseException, ValueError, LookupError) as error:
        yield from handler.taken()
        raise BadXml(error.getMessage() if isinstance(error, SAXParseException) else str(error)) from error


class _Handler(ContentHandler):
    def __init__(self, *, texts: frozenset[str], limit: int, marks: Mapping[str, str]) -> None:
        super().__init__()
        self._texts, self._limit, self._marks = texts, limit, marks
        self._path: tuple[str, ...] = ()
        self._attributes: list[Mapping[str, str]] = []
        self._moments: list[Moment] = []
        self._text: list[str] = []
        self._room = 0
        self._collecting = 0  # the depth of the element whose text is collected; 0: none

    def taken(self) -> list[Moment]:
        found, self._moments = self._moments, []
        return found

    def startElement(self, name: str, attrs: AttributesImpl[str]) -> None:  # noqa: N802 - the interface's name
        local = name.rpartition(":")[2]
        self._path = (*self._path, local)
        check_depth(len(self._path))
        if self._collecting:
            self.characters("\n" if local in {"br", "p", "li"} else "")
            if local in self._marks:
                self.characters(f"${{{attrs.get(self._marks[local], '')}}}")
            self._attributes.append({})
            return
        attributes = dict(attrs.items())
        self._attributes.append(attributes)
        self._moments.append(Moment(self._path, attributes, None))
        if local in self._texts:
            self._collecting, self._text, self._room = len(self._path), [], self._limit

    def characters(self, content: str) -> None:
        if self._collecting and self._room > 0:
            self._text.append(content if len(content) <= self._room else content[: self._room] + "…")
            self._room -= len(content)

    def endElement(self, name: str) -> None:  # noqa: N802 - the interface's name
        attributes = self._attributes.pop()
        if self._collecting in {0, len(self._path)}:
            self._moments.append(Moment(self._path, attributes, "".join(self._text) if self._collecting else ""))
            self._collecting = 0
        self._path = self._path[:-1]
