"""Every source: each module of this folder that holds a SOURCE. A new format is a new module, nothing else."""

from __future__ import annotations

import importlib
import pkgutil

from inventory import sources
from inventory.errors import UnknownFormat
from inventory.sources.frame import Source


def _found() -> dict[str, Source]:
    modules = (importlib.import_module(f"{sources.__name__}.{module.name}") for module in pkgutil.iter_modules(sources.__path__))
    found = [module.SOURCE for module in modules if hasattr(module, "SOURCE")]
    return {source.name: source for source in sorted(found, key=lambda source: source.name)}


SOURCES: dict[str, Source] = _found()

_FOREIGN = (
    (b"PK\x03\x04", 0, "a zip archive, which is read from files only"),
    (b"ustar", 257, "a tar archive, which is read from files only"),
    (b"SQLite format 3", 0, "an SQLite database"),
    (b"%PDF", 0, "a PDF document"),
    (b"7z\xbc\xaf", 0, "a 7-Zip archive: unpack it first"),
    (b"\x28\xb5\x2f\xfd", 0, "zstandard-compressed: unpack it first"),
)
_FOREIGN_WORDS = (
    (b"spdx.org/rdf/3", "an SPDX 3 document; SPDX 2.2 and 2.3 are supported"),
    (b'"document"', "a CSAF document, which says what is affected, not what is installed"),
)


def named(name: str) -> Source:
    """The source of that name. Raises UnknownFormat, naming those there are."""
    if name not in SOURCES:
        raise UnknownFormat(f'"{name}" is not a known format; known are {", ".join(SOURCES)}')
    return SOURCES[name]


def detected(head: bytes, filename: str) -> Source:
    """The first source that takes a file for its own. Raises UnknownFormat, saying what the file looks like."""
    for source in SOURCES.values():
        if source.detect(head, filename):
            return source
    raise UnknownFormat(f"not a supported format{_impression(head)}; supported are {', '.join(SOURCES)}")


def _impression(head: bytes) -> str:
    if not head.strip():
        return ": the file is empty"
    for mark, offset, words in _FOREIGN:
        if head[offset:].startswith(mark):
            return f": it is {words}"
    for mark, words in _FOREIGN_WORDS:
        if mark in head:
            return f": it is {words}"
    return ""
