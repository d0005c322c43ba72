"""osv-scanner's JSON results (google/osv-scanner, pkg/models/results.go): packages by the lock file or image they are from.

Without --all-packages only vulnerable packages are in them, and nothing tells which it was: their software is added.
Names of ecosystems: ossf/osv-schema, "Defined ecosystems".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from inventory.errors import UnreadableReport
from inventory.records import InstalledSoftware, Reports
from inventory.rules import normalise_package, platform_of
from inventory.sources import fields
from inventory.sources.frame import Limits, Source, start_of
from inventory.sources.json_stream import END
from inventory.sources.rows import Found, Row, child, plain, take_all, texts
from inventory.sources.scanner_reports import Scan, json_values, preferred_id

_RESULTS = re.compile(rb'"results"\s*:\s*(?:\[|null)')
_PACKAGES = re.compile(rb'"packages"\s*:\s*\[\s*(?:\{\s*"(?:package|groups|vulnerabilities)"|\])')
_EMPTY = re.compile(rb'^\s*\{\s*"results"\s*:\s*(?:\[\s*\]|null)\s*,\s*"experimental_config"')
_REGISTRIES = {
    "pypi": "pypi",
    "npm": "npm",
    "maven": "maven",
    "packagist": "composer",
    "go": "golang",
    "rubygems": "gem",
    "nuget": "nuget",
    "crates.io": "cargo",
}
_DISTRIBUTIONS = {
    "debian": "deb",
    "ubuntu": "deb",
    "alpine": "apk",
    "wolfi": "apk",
    "chainguard": "apk",
    "almalinux": "rpm",
    "rocky linux": "rpm",
    "red hat": "rpm",
    "suse": "rpm",
    "opensuse": "rpm",
    "mageia": "rpm",
    "openeuler": "rpm",
    "azure linux": "rpm",
}


def detect(head: bytes, filename: str) -> bool:
    start = start_of(head)
    if not start.startswith(b"{"):
        return False
    return bool((_RESULTS.search(head) and _PACKAGES.search(head)) or _EMPTY.match(start))


def parse(stream: BinaryIO, limits: Limits) -> Reports:
    """One Report without a host, after the Rejected of the packages that were no use."""
    scan = Scan("osv-scanner", limits)
    machine = scan.machine("")
    said: dict[str, object] = {}

    def take(row: Row) -> None:
        about = _software(child(row, "package"), row.get("path"), limits)
        scan.install(machine, about)
        scores = _scores(row)
        for found in _objects(row, "vulnerabilities"):
            weakness = preferred_id(found.get("id"), texts(found.get("aliases")))
            scan.find(machine, weakness, about, severity=scores.get(plain(found, "id")), fixed=_fixed(found, about))

    yield from take_all(_packages(stream, scan, said), take)
    if "results" not in said and not machine.software:
        raise UnreadableReport("this is no report of osv-scanner: it has no list of results")
    yield from scan.reports()


SOURCE = Source(name="osv_scanner", label="osv-scanner results", detect=detect, parse=parse)


def _packages(stream: BinaryIO, scan: Scan, said: dict[str, object]) -> Iterator[Found]:
    """Each package with its place, and the path of the file it was found in."""
    number, path = 0, ""
    for where, value in json_values(stream, scan, "results.item.source", "results.item.packages.item", ends=("results",)):
        if value is END:
            said[where] = True
        elif where == "results.item.source":
            path = plain(value, "path") if isinstance(value, dict) else ""
        else:
            number += 1
            yield f"package {number}", {**value, "path": path} if isinstance(value, dict) else value


def _software(row: Row, path: object, limits: Limits) -> InstalledSoftware:
    """The package of an OSV ecosystem: a registry, or a distribution with its release (Debian:12)."""
    name, version = fields.name(row.get("name"), limits), fields.version(row.get("version"), limits)
    registry, _, release = fields.text(row.get("ecosystem"), "ecosystem", limits).partition(":")
    if package_kind := _DISTRIBUTIONS.get(registry.lower(), ""):
        binary = fields.text(row.get("os_package_name"), "os_package_name", limits) or name
        platform = platform_of(registry, release)
        return InstalledSoftware(package_kind, normalise_package(package_kind, name), version, platform=platform, evidence=(binary,))
    ecosystem = _REGISTRIES.get(registry.lower(), "other")
    vendor = (registry.lower() or "git") if ecosystem == "other" else ""
    if not version and row.get("commit"):
        version = fields.version(row.get("commit"), limits, "commit")
    return InstalledSoftware(ecosystem, normalise_package(ecosystem, name), version, vendor, evidence=fields.evidence((path,)))


def _scores(row: Row) -> dict[str, object]:
    """The highest CVSS score of each vulnerability, which stands with its group of aliases."""
    return {name: group.get("max_severity") for group in _objects(row, "groups") for name in texts(group.get("ids"))}


def _fixed(found: Row, about: InstalledSoftware) -> str:
    """The versions that fix it, of the ranges of this package."""
    fixed: dict[str, None] = {}
    for affected in _objects(found, "affected"):
        if normalise_package(about.ecosystem, plain(child(affected, "package"), "name")) == about.name:
            events = (event for span in _objects(affected, "ranges") for event in _objects(span, "events"))
            fixed.update((plain(event, "fixed"), None) for event in events)
    return ", ".join(filter(None, fixed))


def _objects(row: Row, key: str) -> Iterable[Row]:
    found = row.get(key)
    return (item for item in found if isinstance(item, dict)) if isinstance(found, list) else ()
