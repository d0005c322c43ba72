"""Packages of module streams: nodejs:18 and nodejs:20 of one distribution release hold packages of the same name.

An advisory about a stream says nothing about the other stream's package. A version tells that it was built in a module
(`-1.module+el8.6.0+...`, AlmaLinux: `.module_el9...`) but not in which, so that a range of a stream is narrowed twice:

- `qualifiers` {"module": "nodejs:18"}: matching demands a version that was built in a module, and refuses one in all other ranges;
- its start: the stream's own number where the fixed version begins with it (18 of 18.12.1), else the first number of the fixed
  version (other packages of a numbered stream move with it). A stream with a name (rhel8) moves on by itself: no start.
"""

from __future__ import annotations

import re
from dataclasses import replace

from weaknesses.records import RangeRecord

UNKNOWN = "any"
_BUILT_IN_MODULE = re.compile(r"\.module[+_]")
_STREAM = re.compile(r"(?<![\w:/.-])([A-Za-z][\w.+-]*:[\w.+-]*\w)(?![\w:/])")
_NUMBER = re.compile(r"\d+(\.\d+)*")


def is_modular(version: str) -> bool:
    """Whether a package of this version was built in a module."""
    return _BUILT_IN_MODULE.search(version) is not None


def stream_in(title: object) -> str:
    """The module stream that a title names ("Moderate: nodejs:18 security update" -> nodejs:18); "" for none."""
    found = _STREAM.search(title) if isinstance(title, str) else None
    return found[1] if found else ""


def of_stream(entry: RangeRecord, stream: str) -> RangeRecord:
    """A range narrowed to its module stream; as it is where its bound was not built in a module. `stream`: nodejs:18, or ""."""
    bound = entry.fixed or entry.end
    if not (is_modular(bound) if bound else stream):
        return entry
    start = entry.start or _first_of_stream(bound, stream.partition(":")[2])
    return replace(entry, start=start, qualifiers=(*entry.qualifiers, ("module", stream or UNKNOWN)))


def _first_of_stream(evr: str, stream: str) -> str:
    epoch, separator, version = evr.rpartition(":")
    if stream and not _NUMBER.fullmatch(stream):
        return ""
    major = _NUMBER.match(version)
    if major is None:
        return ""
    begins = stream and (version + ".").startswith(stream + ".")
    return epoch + separator + (stream if begins else major[0].split(".", 1)[0])
