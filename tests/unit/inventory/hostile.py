"""Hostile files made of a source's samples: the same document, cut, nested, of wrong types, or far too much of it.

A sample is a file of inventory/sources/samples whose name begins with the source's name, then `-` or `.`. That is all a new
source has to bring along.
"""

from __future__ import annotations

import copy
import dataclasses
import io
import itertools
import json
import math
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar
from xml.etree.ElementTree import Element, tostring

from defusedxml.ElementTree import fromstring

from inventory.errors import UnreadableReport
from inventory.records import InstalledSoftware, Rejected, Report
from inventory.sources.frame import NAME_LIMIT, VERSION_LIMIT, Limits
from inventory.sources.registry import SOURCES
from tests.unit.inventory.sources import SAMPLES

ROOT = Path(__file__).resolve().parents[3]
RECORDS = 1_000_000
_ODD = {"@HUGE@": b"9" * 5_000, "@FAR@": b"1e999", "@NAN@": b"NaN", "@LONE@": rb'"\ud800"', "@LOWER@": rb'"x\udfff\u0000"'}
"""Numbers and texts that a JSON writer would not make, by what stands for them until the document is written."""
WRONG: tuple[object, ...] = ([], {}, ["x"], {"x": 1}, 7, -1.5, True, None, "", "x" * 5_000, [[[]]], *_ODD)
UNSTORABLE = ("a\x00b", "\ud800", "\x00", "a\x1b[31m\u202e\uffff")
_CASES = 1_200
_CASES_OF_XML = 500  # each is a copy of the whole tree


def samples() -> list[tuple[str, Path]]:
    """(source, file) of every sample."""
    return [(_source_of(file), file) for file in sorted(SAMPLES.iterdir())]


def _source_of(file: Path) -> str:
    return file.name.split("-")[0].split(".")[0]


# --- outcomes --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Outcome:
    reports: int
    rejected: int
    error: str


def outcome(source: str, stream: Any, limits: Limits | None = None) -> Outcome:
    """What becomes of a file. Raises what a parser must not raise, and AssertionError where it lets through what cannot be stored."""
    reports = rejected = 0
    try:
        for item in SOURCES[source].parse(stream, limits or Limits()):
            check(item)
            reports += isinstance(item, Report)
            rejected += isinstance(item, Rejected)
    except UnreadableReport as error:
        check(Rejected("file", str(error)))
        return Outcome(reports, rejected, str(error))
    return Outcome(reports, rejected, "")


def outcome_of(source: str, data: bytes, limits: Limits | None = None) -> Outcome:
    SOURCES[source].detect(data[:65_536], "file")
    return outcome(source, io.BytesIO(data), limits)


def check(item: object) -> None:
    """Everything a parser yields can be stored: texts without NUL and broken Unicode, names and versions of bounded length."""
    if isinstance(item, str):
        assert "\x00" not in item, f"a NUL character in {item[:80]!r}"
        item.encode()
    elif isinstance(item, (tuple, frozenset)):
        for part in item:
            check(part)
    elif dataclasses.is_dataclass(item) and not isinstance(item, type):
        for field in dataclasses.fields(item):
            check(getattr(item, field.name))
        if isinstance(item, InstalledSoftware):
            assert item.name or item.ecosystem == "os"
            assert len(item.name) <= NAME_LIMIT
            assert len(item.version) <= VERSION_LIMIT


# --- documents -------------------------------------------------------------------------------------------------------


def variants(data: bytes) -> Iterator[bytes]:
    """The sample with each of its values in turn of another type, unstorable, missing or far too long."""
    start = data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    if start in (b"{", b"["):
        return _json_variants(data)
    return _xml_variants(data) if start == b"<" else _text_variants(data)


def is_xml(data: bytes) -> bool:
    return data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")


def is_json(data: bytes) -> bool:
    return data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"[")


def kind(data: bytes) -> str:
    """The notation a sample is in."""
    return "json" if is_json(data) else "xml" if is_xml(data) else "text"


def documents(data: bytes) -> list[Any]:
    """The document of a JSON file, or those of its lines."""
    try:
        return [json.loads(data)]
    except ValueError:
        return [json.loads(line) for line in data.splitlines() if line.strip()]


def dumped(found: list[Any]) -> bytes:
    text = b"\n".join(json.dumps(item).encode() for item in found)
    for mark, odd in _ODD.items():
        text = text.replace(b'"%s"' % mark.encode(), odd)
    return text


Path_ = tuple[str | int, ...]
Case = TypeVar("Case")
Change = Callable[[Element], object]


def _json_variants(data: bytes) -> Iterator[bytes]:
    found = [_shortened(item) for item in documents(data)]
    places: dict[Path_, Path_] = {}
    for path in _paths(found):
        places.setdefault(tuple("*" if isinstance(part, int) else part for part in path), path)
    cases = [(path, value) for path in places.values() if path for value in (*WRONG, *UNSTORABLE)]
    for path, value in _some(cases, _CASES):
        changed = copy.deepcopy(found)
        _parent(changed, path)[path[-1]] = value
        yield dumped(changed)
    for path in places.values():
        if path and isinstance(path[-1], str):
            changed = copy.deepcopy(found)
            del _parent(changed, path)[path[-1]]
            yield dumped(changed)
    for value in (*WRONG, *UNSTORABLE):
        yield dumped([value])


def _some(cases: list[Case], most: int) -> list[Case]:
    """Every n-th case, n being no divisor of how many values a place has: each value still comes in turn."""
    step = next(step for step in itertools.count(1 + len(cases) // most) if math.gcd(step, len(WRONG) + len(UNSTORABLE)) == 1)
    return cases[::step]


def _shortened(value: Any, keep: int = 3) -> Any:
    """The document with the first elements of each list only."""
    if isinstance(value, list):
        return [_shortened(item, keep) for item in value[:keep]]
    return {key: _shortened(item, keep) for key, item in value.items()} if isinstance(value, dict) else value


def _paths(value: Any, path: Path_ = ()) -> Iterator[Path_]:
    yield path
    if isinstance(value, (dict, list)):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _paths(item, (*path, key))


def _parent(value: Any, path: Path_) -> Any:
    for part in path[:-1]:
        value = value[part]
    return value


def _xml_variants(data: bytes) -> Iterator[bytes]:
    root = fromstring(data)
    _shorten(root)
    elements = list(root.iter())
    tags = {element.tag: position for position, element in reversed(list(enumerate(elements)))}
    for position, change in _some(list(_xml_changes(elements, tags.values())), _CASES_OF_XML):
        yield _changed(root, position, change)
    plain = re.sub(rb">([^<>]+)<", b">\x00<", data)
    yield from (plain, data.replace(b">", b">\xff"), re.sub(rb'="[^"]*"', b'="&#0;"', data), re.sub(rb">([^<>\s]+)<", b">&#xD800;<", data))


def _xml_changes(elements: list[Element], positions: Iterable[int]) -> Iterator[tuple[int, Change]]:
    for position in positions:
        for value in ("", "7", "x" * 5_000, "\ufffd", "  \n "):
            yield position, partial(_set_text, text=value)
        yield position, Element.clear
        for name in elements[position].attrib:
            for value in ("", "-1", "x" * 5_000, "NaN"):
                yield position, partial(_set, name=name, value=value)


def _set_text(element: Element, *, text: str) -> None:
    element.text = text


def _set(element: Element, *, name: str, value: str) -> None:
    element.set(name, value)


def _shorten(root: Element, keep: int = 3) -> None:
    """Leave the first elements of each name only in every element."""
    for parent in list(root.iter()):
        counts = Counter[str]()
        for child in list(parent):
            counts[child.tag] += 1
            if counts[child.tag] > keep:
                parent.remove(child)


def _changed(root: Element, position: int, change: Change) -> bytes:
    changed = copy.deepcopy(root)
    change(next(itertools.islice(changed.iter(), position, None)))
    return tostring(changed)


def _text_variants(data: bytes) -> Iterator[bytes]:
    lines = data.splitlines(keepends=True)[:400]
    for bad in (b"\x00", b"\xff", "\ud800".encode("utf-8", "surrogatepass"), b"\t", b'"', b",", b"\r", b"x" * 5_000, b"\x1b[31m"):
        yield b"".join(line[: len(line) // 2] + bad + line[len(line) // 2 :] for line in lines)
        yield b"".join(bad + line for line in lines)
        for position in range(0, len(lines), 1 + len(lines) // 20):
            yield b"".join([*lines[:position], bad + lines[position], *lines[position + 1 :]])
    yield b"".join(line.rstrip(b"\r\n") for line in lines)
    yield b"".join(lines[1:])
    yield b"\n".join(reversed(lines))
    for delimiter in (b",", b"\t", b";", b": "):
        if delimiter in lines[0]:
            yield from _column_variants(lines, delimiter)


def _column_variants(lines: list[bytes], delimiter: bytes) -> Iterator[bytes]:
    for column in range(min(40, lines[0].count(delimiter) + 1)):
        for value in (b"", b"x" * 5_000, b"-1", b"\x00", b"\xff", b'"'):
            changed = [line.split(delimiter) for line in lines]
            for cells in changed[1:]:
                if column < len(cells):
                    cells[column] = value + (b"\n" if cells[column].endswith(b"\n") else b"")
            yield b"".join(delimiter.join(cells) for cells in changed)


def nested(data: bytes) -> Iterator[bytes]:
    """Brackets or elements without end: alone, and where the sample's first values are."""
    if is_xml(data):
        starts = [0, *(match.end() for match in itertools.islice(re.finditer(rb"<[A-Za-z][^<>?]*[^/<>]>", data), 6))]
        for start in starts:
            yield data[:start] + b"<a>" * 300_000
    else:
        places = [0, *(match.end() for match in itertools.islice(re.finditer(rb"[:\[,\t]\s*", data), 6))]
        for place, bracket in itertools.product(places, (b"[", b'{"a":')):
            yield data[:place] + bracket * 300_000


def with_entities(data: bytes, file: Path) -> Iterator[bytes]:
    """An XML sample with a bomb of entities, and with one that reads `file`, in each of its first texts."""
    levels = "".join(f'<!ENTITY b{level} "{f"&b{level - 1};" * 10}">' for level in range(1, 10))
    bomb = f'<!DOCTYPE x [<!ENTITY b0 "boom">{levels}]>'
    external = f'<!DOCTYPE x [<!ENTITY b9 SYSTEM "{file.as_uri()}">]>'
    parameter = f'<!DOCTYPE x [<!ENTITY % b9 SYSTEM "{file.as_uri()}"> %b9;]>'
    head = re.match(rb"\s*(?:<\?xml.*?\?>)?(?:\s*<!--.*?-->)*", data, re.DOTALL)
    place = head.end() if head else 0
    for doctype in (bomb, external, parameter):
        body = re.sub(rb">[^<>\s][^<>]*<", b">&b9;<", data[place:], count=20)
        yield data[:place] + doctype.encode() + body


# --- very many records -----------------------------------------------------------------------------------------------


def write_many(data: bytes, file: Path, *, size: int) -> int:
    """A file of a million of the sample's records, all different, or as many as `size` bytes hold; JSON in one line. Returns how many."""
    if is_json(data):
        head, record, between, tail = _json_parts(data)
    elif is_xml(data):
        head, record, between, tail = _xml_parts(data)
    else:
        head, record, between, tail = _text_parts(data)
    count = min(RECORDS, size // (len(record) + len(between) + 4))
    template = record.replace(b"%", b"%%").replace(b"@NUMBER@", b"%d") if b"@NUMBER@" in record else record.replace(b"%", b"%%") + b"%.0s"
    with file.open("wb") as out:
        out.write(head)
        holes = record.count(b"@NUMBER@") or 1
        for number in range(count):
            out.write(template % ((number,) * holes))
            out.write(between if number < count - 1 else b"")
        out.write(tail)
    return count


def _json_parts(data: bytes) -> tuple[bytes, bytes, bytes, bytes]:
    """Of the longest list of objects, its shortest element; of lines, the line that has it."""
    found = documents(data)
    lists = [
        path for path in _paths(found) if path and isinstance(_at(found, path), list) and any(isinstance(x, dict) for x in _at(found, path))
    ]
    if not lists:
        element = _numbered(found[0])
        return b"[", json.dumps(element).encode(), b",", b"]"
    path = max(lists, key=lambda place: len(_at(found, place)))
    record = min((item for item in _at(found, path) if isinstance(item, dict)), key=lambda item: len(json.dumps(item)))
    document = copy.deepcopy(found[path[0]]) if isinstance(path[0], int) else found
    rest = path[1:]
    if not rest:
        document = ["@HERE@"]
    else:
        _parent(document, rest)[rest[-1]] = ["@HERE@"]
    head, tail = json.dumps(document).encode().split(b'"@HERE@"')
    return head, json.dumps(_numbered(record)).encode(), b",", tail


def _at(value: Any, path: Path_) -> Any:
    for part in path:
        value = value[part]
    return value


def _numbered(value: Any) -> Any:
    """The record with a number in its first texts, so that each is another."""
    if isinstance(value, dict):
        return {key: _numbered(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_numbered(item) for item in value[:2]]
    return f"{value}@NUMBER@" if isinstance(value, str) and value[-1:].isalnum() else value


def _xml_parts(data: bytes) -> tuple[bytes, bytes, bytes, bytes]:
    """The most frequent kind of element that has children or attributes, repeated where the first of them stands."""
    root = fromstring(data)
    parents = {child: parent for parent in root.iter() for child in parent}
    counts: dict[tuple[str, str], list[Element]] = {}
    for child, parent in parents.items():
        if len(child) or child.attrib:
            counts.setdefault((parent.tag, child.tag), []).append(child)
    repeated = max(counts.values(), key=len)
    record = min(repeated, key=lambda element: len(tostring(element)))
    parent = parents[record]
    parent[:] = [Element("HERE")]
    text = tostring(record)
    text = re.sub(rb"([A-Za-z0-9])(?=</)", rb"\1@NUMBER@", text)
    head, tail = re.split(rb"<HERE\s*/>", tostring(root))
    return head, text, b"", tail


def _text_parts(data: bytes) -> tuple[bytes, bytes, bytes, bytes]:
    """The shortest stanza of a file of stanzas, else the shortest line after the first; a number behind its first word."""
    stanzas = [stanza for stanza in data.split(b"\n\n") if stanza.strip()]
    if len(stanzas) > 3 and not any(b"##" in stanza for stanza in stanzas):
        record, between = min(stanzas, key=len), b"\n\n"
        record = re.sub(rb"^(Package: \S+)", rb"\1@NUMBER@", record)
        return b"", record, between, b"\n"
    lines = data.splitlines()
    rows = [line for line in lines[1:] if len(line.split(b"\t")) == len(lines[-1].split(b"\t")) and line.strip()] or lines[:1]
    record = re.sub(rb"^(\"?[A-Za-z0-9]+)", rb"\1@NUMBER@", min(rows, key=len))
    return lines[0] + b"\n", record, b"\n", b"\n"


# --- measured --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Measured:
    seconds: float
    megabytes: float  # more than the bare parser's process
    outcome: Outcome


def measured(source: str, file: Path, *, records: int) -> Measured:
    """What a process of its own needs to read a file with the limits of the settings' defaults, but for the number of records."""
    command = [sys.executable, "-m", "tests.unit.inventory.hostile", source, os.fspath(file), str(records)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=280, check=False)
    assert done.returncode == 0, done.stderr[-2_000:]
    said = json.loads(done.stdout)
    return Measured(said["seconds"], said["megabytes"], Outcome(said["reports"], said["rejected"], said["error"]))


def main(source: str, name: str, records: str) -> None:
    import resource
    import time

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.process_time()
    with Path(name).open("rb") as stream:
        found = outcome(source, stream, Limits(records=int(records)))
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    said = {"seconds": time.process_time() - started, "megabytes": grown, **dataclasses.asdict(found)}
    sys.stdout.write(json.dumps(said))


if __name__ == "__main__":
    main(*sys.argv[1:])
