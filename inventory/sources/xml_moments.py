"""Elements of an XML document as it is read, whatever its size: no tree is built, texts are cut, nesting is bounded.

A document type is refused, and with it every entity that a document could declare.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, BinaryIO, NamedTuple
from xml.sax import SAXParseException
from xml.sax.handler import ContentHandler

from defusedxml import DefusedXmlException
from defusedxml.sax import make_parser

if TYPE_CHECKING:
    from xml.sax.xmlreader import AttributesImpl

DEPTH = 128
_CHUNK = 65_536


class BadXml(Exception):
    """The document is not XML, ends early or nests too deep; the message says which. What came before was yielded."""


class RefusedXml(BadXml):
    """The document declares a document type or entities."""


class Moment(NamedTuple):
    """An element that begins (`text` is None) or ends. `path`: local names from the root to this element."""

    path: tuple[str, ...]
    attributes: Mapping[str, str]
    text: str | None


def moments(stream: BinaryIO, *, texts: frozenset[str], limit: int, marks: Mapping[str, str]) -> Iterator[Moment]:
    """Every element's beginning and end, in the document's order. Raises BadXml.

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
        raise RefusedXml(f"it declares a document type or entities, which are not accepted ({type(error).__name__})") from error
    except (SAXParseException, _TooDeep, ValueError, LookupError) as error:
        yield from handler.taken()
        raise BadXml(error.getMessage() if isinstance(error, SAXParseException) else str(error)) from error


class _TooDeep(Exception):
    pass


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
        if len(self._path) > DEPTH:
            raise _TooDeep(f"elements are nested deeper than {DEPTH} levels")
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
