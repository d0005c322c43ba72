"""grype's JSON reports (anchore/grype, grype/presenter/models): matches, the artifact's source, and the distribution at the end.

Only what is vulnerable is in them, so their software is added. A version may hold NUL characters (as some Go binaries
do in older reports); they are taken off.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO

from packageurl import PackageURL

from inventory.errors import UnreadableReport
from inventory.records import InstalledSoftware, MachineFacts, Reports
from inventory.rules import family_of, normalise_package, platform_of
from inventory.sources import fields
from inventory.sources.components import Component, software_of
from inventory.sources.frame import Limits, Source, start_of
from inventory.sources.json_stream import END
from inventory.sources.rows import Found, Row, child, plain, take_all, texts
from inventory.sources.scanner_reports import Scan, json_values, preferred_id

_MATCHES = re.compile(rb'^\s*\{\s*"(?:matches|ignoredMatches|descriptor|distro|source)"\s*:')
_MATCH = re.compile(rb'"(?:matchDetails|relatedVulnerabilities|artifact|imageID|schema)"\s*:|"name"\s*:\s*"grype"')
_TYPES = {
    "python": "pypi",
    "npm": "npm",
    "gem": "gem",
    "java-archive": "maven",
    "jenkins-plugin": "maven",
    "go-module": "golang",
    "rust-crate": "cargo",
    "dotnet": "nuget",
    "php-composer": "composer",
    "deb": "deb",
    "rpm": "rpm",
    "apk": "apk",
}


def detect(head: bytes, filename: str) -> bool:
    start = start_of(head)
    return bool(_MATCHES.match(start) and b'"matches"' in head and _MATCH.search(head))


def parse(stream: BinaryIO, limits: Limits) -> Reports:
    """One Report without a host, after the Rejected of the matches that were no use."""
    scan = Scan("grype", limits)
    said: dict[str, object] = {}
    machine = scan.machine("")

    def take(row: Row) -> None:
        vulnerability = child(row, "vulnerability")
        about = _software(child(row, "artifact"), limits)
        weakness = preferred_id(vulnerability.get("id"), _related(row))
        fixed = child(vulnerability, "fix").get("versions")
        scan.find(machine, weakness, about, severity=vulnerability.get("severity"), fixed=fixed)

    yield from take_all(_matches(stream, scan, said), take)
    if "matches" not in said and not machine.findings:
        raise UnreadableReport("this is no report of grype: it has no list of matches")
    machine.facts, machine.fallback_id = _facts(said), _artifact(said)
    yield from scan.reports()


SOURCE = Source(name="grype", label="grype report", detect=detect, parse=parse)


def _matches(stream: BinaryIO, scan: Scan, said: dict[str, object]) -> Iterator[Found]:
    """Each match with its place; what else the document says goes to `said`."""
    number = 0
    for path, value in json_values(stream, scan, "matches.item", "distro", "source.target", ends=("matches",)):
        if path in {"matches.item", ""}:
            number += 1
            yield f"match {number}", value
        else:
            said[path] = True if value is END else value


def _related(row: Row) -> list[object]:
    related = row.get("relatedVulnerabilities")
    return [item.get("id") for item in related if isinstance(item, dict)] if isinstance(related, list) else []


def _facts(said: dict[str, object]) -> MachineFacts:
    distro = child(said, "distro")
    name, release = plain(distro, "name"), plain(distro, "version")
    platform = platform_of(name, release)
    if not platform:
        return MachineFacts("")
    return MachineFacts("", platform=platform, family=family_of(platform), os_name=name, os_version=release)


def _artifact(said: dict[str, object]) -> str:
    """What was scanned: an image's name, or a folder."""
    target = said.get("source.target")
    return plain(target, "userInput") if isinstance(target, dict) else plain(said, "source.target")


# --- artifacts -------------------------------------------------------------------------------------------------------


def _software(row: Row, limits: Limits) -> InstalledSoftware:
    """What a match is about: by package URL, except for binaries, which only their CPE names in vulnerability data."""
    kind, purl = plain(row, "type"), _without_nul(row.get("purl"))
    if not purl and kind in _TYPES:
        return _by_type(row, _TYPES[kind], limits)
    cpe = _cpe(row) if kind not in _TYPES and (not purl or str(purl).startswith("pkg:generic/")) else ""
    version = _without_nul(row.get("version"))
    purl = "" if cpe else _with_upstream(purl, row)
    made = software_of(Component(name=row.get("name"), version=version, purl=purl, cpe=cpe, locations=_locations(row)), limits)
    if made is None:
        raise fields.BadField("the artifact is no software")
    return made


def _by_type(row: Row, ecosystem: str, limits: Limits) -> InstalledSoftware:
    """An artifact of reports older than package URLs. A distribution's package stands for its source, if that is told."""
    name = fields.name(row.get("name"), limits)
    return InstalledSoftware(
        ecosystem=ecosystem,
        name=normalise_package(ecosystem, _upstreams(row)[0] if _upstreams(row) else name),
        version=fields.version(_without_nul(row.get("version")), limits),
        evidence=(name,) if ecosystem in {"deb", "rpm", "apk"} else fields.evidence(_locations(row)),
    )


def _with_upstream(purl: object, row: Row) -> object:
    """The package URL with the source package that `upstreams` names, where it does not name it itself."""
    upstreams = _upstreams(row)
    if not upstreams or not isinstance(purl, str) or "upstream=" in purl:
        return purl
    try:
        parsed = PackageURL.from_string(purl)
    except ValueError:
        return purl
    if parsed.type not in {"deb", "apk"}:
        return purl
    qualifiers = {**dict(parsed.qualifiers or {}), "upstream": upstreams[0]}
    return parsed._replace(qualifiers=qualifiers).to_string()


def _upstreams(row: Row) -> list[str]:
    """name, or name@version, of the source packages."""
    found = row.get("upstreams")
    named = [(plain(item, "name"), plain(item, "version")) for item in found if isinstance(item, dict)] if isinstance(found, list) else []
    return [f"{name}@{version}" if version else name for name, version in named if name]


def _cpe(row: Row) -> str:
    """The first CPE: a name, or in old reports an object of its parts."""
    found = row.get("cpes")
    if not isinstance(found, list) or not found:
        return ""
    first = found[0]
    if not isinstance(first, dict):
        return "".join(texts(found)[:1])
    parts = [plain(first, part) for part in ("Part", "Vendor", "Product", "Version")]
    return f"cpe:2.3:{':'.join(parts)}:*:*:*:*:*:*:*" if all(parts[:3]) else ""


def _locations(row: Row) -> tuple[object, ...]:
    found = row.get("locations")
    return tuple(item.get("path") for item in found[:3] if isinstance(item, dict)) if isinstance(found, list) else ()


def _without_nul(value: object) -> object:
    return value.replace("\x00", "").replace("%00", "") if isinstance(value, str) else value
