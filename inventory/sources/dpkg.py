"""Debian's package database: /var/lib/dpkg/status (dpkg(1), deb-control(5)), or a table made by dpkg-query.

The table has a package a line: Package, Version, Architecture, source:Package, source:Version, db:Status-Abbrev,
separated by tabs; a header line is skipped. Neither names its machine.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO

from inventory.records import InstalledSoftware, MachineFacts, Rejected, Report, Reports
from inventory.rules import family_of, normalise_package, platform_of_base_files
from inventory.sources import fields
from inventory.sources.frame import Limits, Source
from inventory.sources.osquery_tables import deb, is_on_disk
from inventory.sources.systems import operating_system

_STANZA = re.compile(rb"^Package: \S", re.MULTILINE)
_STATUS = re.compile(rb"^Status: \S+ \S+ \S", re.MULTILINE)
_TABLE_LINE = re.compile(rb"^(?:Package\tVersion\t|[a-z0-9][a-z0-9+.-]+(?::[a-z0-9]+)?\t[0-9][^\t\n]*\t[a-z0-9-]+\t)")
_KEPT = {b"Package", b"Status", b"Version", b"Source", b"Architecture"}
_NOT_ON_DISK = frozenset("ncH")
_COLUMNS = 6


def detect(head: bytes, filename: str) -> bool:
    return bool(_STANZA.search(head) and _STATUS.search(head)) or bool(_TABLE_LINE.match(head))


def parse(stream: BinaryIO, limits: Limits) -> Reports:
    """One Report without a host. The release is known where base-files is among the packages."""
    is_table = bool(_TABLE_LINE.match(stream.read(4096)))
    stream.seek(0)
    software: dict[InstalledSoftware, None] = {}
    platform, full = "", False
    for found in _table(stream, limits) if is_table else _stanzas(stream, limits):
        if isinstance(found, Rejected):
            yield found
        elif len(software) >= limits.records:
            full = True
            yield Rejected("file", f"more than {limits.records:,} packages; the rest was left out")
            break
        else:
            software[found] = None
            if found.evidence == ("base-files",):
                platform = platform_of_base_files(found.version)
    if software:
        yield _report(software, platform, complete=not full)


SOURCE = Source(name="dpkg", label="dpkg status", detect=detect, parse=parse)


def _report(software: dict[InstalledSoftware, None], platform: str, *, complete: bool) -> Report:
    system = operating_system(platform)
    covers = {"deb", "os"} if system else {"deb"}
    return Report(
        machine=MachineFacts(external_id="", platform=platform, family=family_of(platform)),
        software=(*software, *((system,) if system else ())),
        covers=frozenset(covers if complete else ()),
    )


# --- status ----------------------------------------------------------------------------------------------------------


def _stanzas(stream: BinaryIO, limits: Limits) -> Iterator[InstalledSoftware | Rejected]:
    stanza: dict[bytes, bytes] = {}
    number = start = 0
    while line := stream.readline(limits.field + 2):
        number += 1
        if len(line) > limits.field + 1 and not line.endswith(b"\n"):
            line = _rest_skipped(stream, line, limits)
        if not line.strip():
            if stanza:
                yield from _package(stanza, start, limits)
            stanza = {}
            continue
        if not stanza:
            start = number
        name, separator, value = line.partition(b":")
        if line[:1] in b" \t":
            continue
        if not separator:
            name, value = b"?", line
        if name in _KEPT or name == b"?":
            stanza[name] = value.strip()
        stanza.setdefault(b"", b"")  # a stanza of other fields only is still one
    if stanza:
        yield from _package(stanza, start, limits)


def _rest_skipped(stream: BinaryIO, line: bytes, limits: Limits) -> bytes:
    """The beginning of an over-long line. No field that is kept is ever that long, so it fails its own check."""
    rest = line
    while rest and not rest.endswith(b"\n"):
        rest = stream.readline(limits.line)
    return line


def _package(stanza: dict[bytes, bytes], start: int, limits: Limits) -> Iterator[InstalledSoftware | Rejected]:
    place = f"line {start}"
    try:
        values = {key.decode(): _decoded(value, key) for key, value in stanza.items()}
        if "?" in values:
            raise fields.BadField("a line is no field")
        package = fields.name(values.get("Package"), limits, "Package")
        status = fields.text(values.get("Status"), "Status", limits, needed=True)
        if not is_on_disk(status):
            return
        version = fields.version(values.get("Version"), limits, "Version")
        if not version:
            raise fields.BadField(f"Version of {package} is missing")
        yield deb(package=package, version=version, source=fields.text(values.get("Source"), "Source", limits))
    except fields.BadField as error:
        yield Rejected(place, str(error), fields.excerpt(b" ".join(stanza.values())))


def _decoded(value: bytes, key: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError as error:
        raise fields.BadField(f"{key.decode()} is not UTF-8") from error


# --- table -----------------------------------------------------------------------------------------------------------


def _table(stream: BinaryIO, limits: Limits) -> Iterator[InstalledSoftware | Rejected]:
    number = 0
    while line := stream.readline(limits.line):
        number += 1
        if not line.strip() or (number == 1 and line.startswith(b"Package\t")):
            continue
        try:
            made = _of_columns(_decoded(line, b"the line").rstrip("\r\n").split("\t"), limits)
        except fields.BadField as error:
            yield Rejected(f"line {number}", str(error), fields.excerpt(line))
            continue
        if made is not None:
            yield made


def _of_columns(columns: list[str], limits: Limits) -> InstalledSoftware | None:
    if len(columns) != _COLUMNS:
        raise fields.BadField(f"{len(columns)} columns instead of {_COLUMNS}")
    package, version, _, source, source_version, status = columns
    if len(status) > 1 and status[1] in _NOT_ON_DISK:
        return None
    name = fields.name(package, limits, "Package").partition(":")[0]
    own = fields.version(version, limits, "Version")
    if not own:
        raise fields.BadField(f"Version of {name} is missing")
    of_source = fields.version(source_version, limits, "source:Version") or own
    return InstalledSoftware(
        ecosystem="deb",
        name=normalise_package("deb", fields.text(source, "source:Package", limits) or name),
        version=of_source,
        evidence=(name,),
        package=name if own == of_source else "",
    )
