"""RPM's package database as `rpm -qa` prints it: a table of the documented query, or plain names (rpm(8), rpm-queryformat(7)).

    rpm -qa --qf '%{NAME}\\t%{EPOCH}\\t%{VERSION}\\t%{RELEASE}\\t%{ARCH}\\t%{SOURCERPM}\\t%{MODULARITYLABEL}\\n'

The last columns may be left out, from the architecture on. A plain name is name-version-release.arch and carries no epoch.
Neither names its machine. The release is that of the distribution's release package; the tag in packages' own releases (el9,
fc40, amzn2) stands in where nothing else tells, as distributions built from the same source share it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import BinaryIO

from inventory.records import InstalledSoftware, MachineFacts, Rejected, Report, Reports
from inventory.rules import platform_of
from inventory.sources import fields
from inventory.sources.frame import Limits, Source
from inventory.sources.line_stream import lines
from inventory.sources.osquery_tables import rpm
from inventory.sources.systems import operating_system

_ARCHITECTURE = (
    r"(?:noarch|x86_64(?:_v2)?|i[3-6]86|aarch64|armv[5-8]h?n?l|ppc64(?:le)?|ppc|s390x?|riscv64|loongarch64|ia64|athlon|\(none\))"
)
_TABLE_LINE = re.compile(
    rb"(?:NAME\tEPOCH\tVERSION\t|[A-Za-z0-9][\w.+-]*\t(?:\(none\)|\d*)\t[^\t\r\n]*\d[^\t\r\n]*\t[^\t\r\n]+(?:\r?\n|\t"
    + _ARCHITECTURE.encode()
    + rb"[\t\r\n]))"
)
_PLAIN = re.compile(rf"(?P<name>[A-Za-z0-9].*)-(?:(?P<epoch>\d+):)?(?P<version>[^-:]+)-(?P<release>[^-]+)\.(?P<arch>{_ARCHITECTURE})$")
_PLAIN_LINE = re.compile(rb"[A-Za-z0-9][\w.+-]*-(?:\d+:)?[^-:\s]*\d[^-:\s]*-[^-\s]+\." + _ARCHITECTURE.encode() + rb"\r?$")
_KEY = "gpg-pubkey"
_KEY_LINE = re.compile(rb"gpg-pubkey-[0-9a-f]+-[0-9a-f]+(?:\.\(none\))?\r?$")
_HEAD_LINES = 20
_NONE = "(none)"
_COLUMNS = (4, 7)
_FIELDS = ("NAME", "EPOCH", "VERSION", "RELEASE", "ARCH", "SOURCERPM", "MODULARITYLABEL")


def detect(head: bytes, filename: str) -> bool:
    """A line of the table, or nothing but plain names among the first lines."""
    if _TABLE_LINE.match(head):
        return True
    whole = head[: head.rfind(b"\n") + 1] or head
    lines = [line for line in whole.split(b"\n", _HEAD_LINES)[:_HEAD_LINES] if line.strip() and not _KEY_LINE.match(line)]
    return bool(lines) and all(map(_PLAIN_LINE.match, lines))


def parse(stream: BinaryIO, limits: Limits) -> Reports:
    """One Report without a host. A list that is cut off, by its last line or by the limit, only adds."""
    software: dict[InstalledSoftware, None] = {}
    release, complete = _Release(), True
    for place, found in _packages(stream, limits):
        complete = isinstance(found, InstalledSoftware)
        if isinstance(found, Rejected):
            yield found
        elif len(software) >= limits.records:
            complete = False
            yield Rejected(place, f"more than {limits.records:,} packages; the rest was left out")
            break
        else:
            software[found] = None
            release.notice(found)
    if software:
        yield _report(software, release, complete=complete)


SOURCE = Source(name="rpm", label="rpm query", detect=detect, parse=parse)


def _report(software: dict[InstalledSoftware, None], release: _Release, *, complete: bool) -> Report:
    system = operating_system(release.platform)
    covers = {"rpm", "os"} if system else {"rpm"}
    return Report(
        machine=MachineFacts(external_id="", platform=release.platform, family="linux"),
        software=(*software, *((system,) if system else ())),
        covers=frozenset(covers if complete else ()),
        fallback_platform=release.likely,
    )


# --- lines -----------------------------------------------------------------------------------------------------------


def _packages(stream: BinaryIO, limits: Limits) -> Iterator[tuple[str, InstalledSoftware | Rejected]]:
    for place, line in lines(stream, limits):
        if isinstance(line, Rejected):
            yield place, line
            continue
        try:
            columns = _columns(line)
            if columns and columns[0] not in {_KEY, "NAME"}:
                yield place, _package(columns, limits)
        except fields.BadField as error:
            yield place, Rejected(place, str(error), fields.excerpt(line))


def _columns(line: bytes) -> list[str]:
    """The columns of the table, which a plain name is taken apart into; none of a line of blanks."""
    try:
        text = line.decode().strip("\r\n")
    except UnicodeDecodeError as error:
        raise fields.BadField("the line is not UTF-8") from error
    if "\t" in text:
        columns = text.split("\t")
        if not _COLUMNS[0] <= len(columns) <= _COLUMNS[1]:
            raise fields.BadField(f"{len(columns)} columns instead of {_COLUMNS[0]} to {_COLUMNS[1]}")
        return ["" if column.strip() == _NONE else column.strip() for column in columns]
    text = text.strip()[:1000]
    if not text or text.startswith(f"{_KEY}-"):
        return []
    match = _PLAIN.match(text)
    if match is None:
        raise fields.BadField("no name-version-release.arch, and no line of the documented table")
    return [match["name"], match["epoch"] or "", match["version"], match["release"], match["arch"]]


def _package(columns: list[str], limits: Limits) -> InstalledSoftware:
    said = dict(zip(_FIELDS, columns, strict=False))
    version, release = (fields.version(said[field], limits, field) for field in ("VERSION", "RELEASE"))
    epoch = fields.version(said["EPOCH"], limits, "EPOCH")
    if not version or not release:
        raise fields.BadField(f"{'RELEASE' if version else 'VERSION'} is missing")
    if epoch and not epoch.isdecimal():
        raise fields.BadField("EPOCH is no number")
    return rpm(
        package=fields.name(said["NAME"], limits, "NAME"),
        version=fields.version(f"{version}-{release}", limits, "VERSION-RELEASE"),
        source=fields.text(said.get("SOURCERPM"), "SOURCERPM", limits),
        epoch=epoch,
    )


# --- release ---------------------------------------------------------------------------------------------------------

_RELEASE_PACKAGE = re.compile(
    r"(?P<name>redhat|rocky|almalinux|centos(?:-linux|-stream)?|oraclelinux|fedora|system|openSUSE|Leap|sles|SLES|photon|azurelinux|mariner)"
    r"-release(?:-(?:server|client|workstation|computenode|common))?$"
)
_RELEASE_NAMES = {"redhat": "rhel", "oraclelinux": "oracle linux", "system": "amazon", "Leap": "opensuse"}
_TAG = re.compile(r"\.(el|fc|amzn|ph)(\d+)")
_TAG_NAMES = {"el": "rhel", "fc": "fedora", "amzn": "amazon", "ph": "photon"}


class _Release:
    """The distribution and release that the packages seen so far speak of.

    `platform`: as its release package says, where a clone's own goes before the redhat-release that some ship beside it.
    `likely`: as the most common tag says.
    """

    def __init__(self) -> None:
        self.platform = ""
        self._tags: Counter[str] = Counter()

    @property
    def likely(self) -> str:
        if not self._tags:
            return ""
        kind, number = self._tags.most_common(1)[0][0].split(" ")
        return platform_of(_TAG_NAMES[kind], number)

    def notice(self, found: InstalledSoftware) -> None:
        package, version = found.evidence[0], found.version.rpartition(":")[2]
        if tag := _TAG.search(version):
            self._tags[f"{tag[1]} {tag[2]}"] += 1
        match = _RELEASE_PACKAGE.match(package)
        if match is None or (match["name"] == "system" and "amzn" not in version):
            return
        name = _RELEASE_NAMES.get(match["name"], match["name"])
        platform = platform_of("opensuse tumbleweed" if name == "openSUSE" and version.startswith("20") else name, version)
        if not self.platform or self.platform.startswith("rhel-"):
            self.platform = platform
