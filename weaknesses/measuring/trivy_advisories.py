"""The small advisory database that a scanner's integration tests ship as YAML, as records of weaknesses.

Nested buckets: [{bucket: NAME, pairs: [{bucket: PACKAGE, pairs: [{key: WEAKNESS, value: {...}}]}]}]. A NAME is a distribution
and release ("debian 10": FixedVersion, or none yet) or a registry and who speaks ("npm::...": VulnerableVersions,
PatchedVersions). Red Hat's are by product, an index of CPE names ("Red Hat CPE").
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from inventory.rules import package_vendor, platform_of
from inventory.versions import sort_key
from weaknesses.records import RangeRecord, WeaknessRecord
from weaknesses.rules import package_product

_REGISTRIES = {
    "npm": "npm",
    "pip": "pypi",
    "rubygems": "gem",
    "maven": "maven",
    "go": "golang",
    "composer": "composer",
    "nuget": "nuget",
    "cargo": "cargo",
}
_OTHER_REGISTRIES = {"erlang": "hex", "pub": "pub", "swift": "swift", "cocoapods": "cocoapods", "conan": "conan", "k8s": "k8s"}
_FORMATS = {"debian": "deb", "ubuntu": "deb", "alpine": "apk"}
_RED_HAT, _RED_HAT_CPES = "Red Hat", "Red Hat CPE"
_RHEL = re.compile(r"cpe:/[ao]:redhat:(?:rhel_\w+|enterprise_linux):([0-9]+)")
_CONSTRAINT = re.compile(r"(<=|>=|==|=|<|>)?\s*v?([0-9][^\s,|]*)")
_INTERVAL = re.compile(r"([\[(])\s*([^,\])]*)\s*,\s*([^,\])]*)\s*([\])])")


@dataclass(frozen=True, slots=True)
class Span:
    start: str = ""
    start_included: bool = True
    end: str = ""
    end_included: bool = False


def records(documents: Iterable[Any]) -> Iterator[WeaknessRecord]:
    """One record per weakness, from the buckets of every file."""
    buckets = [bucket for document in documents for bucket in document or () if "bucket" in bucket]
    releases = _red_hat_releases(buckets)
    ranges: dict[str, dict[RangeRecord, None]] = defaultdict(dict)
    for bucket in buckets:
        for package in bucket.get("pairs") or ():
            for entry in package.get("pairs") or () if "bucket" in package else ():
                for weakness, found in _entry(bucket["bucket"], str(package["bucket"]), entry, releases):
                    ranges[weakness][found] = None
    for weakness, stated in sorted(ranges.items()):
        yield WeaknessRecord(cve=weakness, ranges=tuple(stated))


def _entry(name: str, package: str, entry: Mapping[str, Any], releases: Mapping[int, str]) -> Iterator[tuple[str, RangeRecord]]:
    value = entry.get("value") or {}
    key = str(entry["key"]).strip()
    if not isinstance(value, Mapping):  # an index, not an advisory
        return
    if name == _RED_HAT:
        yield from _red_hat(package, key, value, releases)
    elif "::" in name:
        yield from ((key, found) for found in _of_registry(name.partition("::")[0], package, value))
    elif platform := platform_of(*_system(name)):
        ecosystem = _FORMATS.get(platform.rsplit("-", 1)[0], "rpm")
        yield key, _of_distribution(ecosystem, package, platform, str(value.get("FixedVersion") or ""))


def _system(name: str) -> tuple[str, str]:
    """ "Oracle Linux 8" -> Oracle Linux, 8; "SUSE Linux Enterprise 15-SP3" -> SUSE Linux Enterprise, 15-SP3."""
    system, _, release = name.rpartition(" ")
    return system, release.replace("-SP", ".")


def _of_distribution(ecosystem: str, package: str, platform: str, fixed: str) -> RangeRecord:
    distribution = package_vendor(ecosystem, platform=platform)
    product = package_product(ecosystem, package, distribution=distribution)
    return RangeRecord(product=product, end=fixed, fixed=fixed, platforms=(platform,))


# --- Red Hat ---------------------------------------------------------------------------------------------------------


def _red_hat_releases(buckets: Iterable[Mapping[str, Any]]) -> dict[int, str]:
    """Index of a CPE name -> the release of Enterprise Linux that it stands for."""
    found = {}
    for bucket in buckets:
        for part in bucket.get("pairs") or () if bucket["bucket"] == _RED_HAT_CPES else ():
            for pair in part.get("pairs") or () if part.get("bucket") == "cpe" else ():
                if match := _RHEL.match(str(pair["value"])):
                    found[int(pair["key"])] = match[1]
    return found


def _red_hat(package: str, key: str, value: Mapping[str, Any], releases: Mapping[int, str]) -> Iterator[tuple[str, RangeRecord]]:
    for entry in value.get("Entries") or ():
        weaknesses = [str(named["ID"]) for named in entry.get("Cves") or () if named.get("ID")] or [key]
        for release in sorted({releases[index] for index in entry.get("Affected") or () if index in releases}):
            found = _of_distribution("rpm", package, f"rhel-{release}", str(entry.get("FixedVersion") or ""))
            yield from ((weakness, found) for weakness in weaknesses)


# --- registries ------------------------------------------------------------------------------------------------------


def _of_registry(registry: str, package: str, value: Mapping[str, Any]) -> Iterator[RangeRecord]:
    ecosystem = _REGISTRIES.get(registry, "other")
    if ecosystem == "other" and registry not in _OTHER_REGISTRIES:
        return
    product = package_product(ecosystem, package, distribution=_OTHER_REGISTRIES.get(registry, ""))
    patched = [str(text) for text in value.get("PatchedVersions") or ()]
    stated = [str(text) for text in value.get("VulnerableVersions") or ()]
    spans = [span for text in stated for span in _spans(text)] or _without(ecosystem, [s for text in patched for s in _spans(text)])
    for span in spans:
        fixed = _fix(ecosystem, span, patched)
        yield RangeRecord(product, span.start, span.start_included, span.end, span.end_included, fixed)


def _spans(text: str) -> Iterator[Span]:
    """Alternatives (||) of constraints that hold together (">= 1.0, < 1.2"), or of intervals ("[1.0,1.2)")."""
    for alternative in text.split("||"):
        if interval := _INTERVAL.search(alternative):
            low, start, end, high = interval.groups()
            yield Span(start, low == "[", end, high == "]")
            continue
        span = Span()
        for sign, version in _CONSTRAINT.findall(alternative):
            span = _narrowed(span, sign, version)
        yield span


def _narrowed(span: Span, sign: str, version: str) -> Span:
    if sign in {"<", "<="}:
        return Span(span.start, span.start_included, version, sign == "<=")
    if sign in {">", ">="}:
        return Span(version, sign == ">=", span.end, span.end_included)
    return Span(version, True, version, True)


def _without(ecosystem: str, patched: list[Span]) -> list[Span]:
    """What lies between the patched spans, from the first version on."""
    left, start, start_included = [], "0", True
    for span in sorted(patched, key=lambda span: sort_key(ecosystem, span.start)):
        left.append(Span(start, start_included, span.start, not span.start_included))
        start, start_included = span.end, not span.end_included
    return [*left, Span(start, start_included)] if start and patched else left


def _fix(ecosystem: str, span: Span, patched: list[str]) -> str:
    """The lowest patched version at or after the span's end."""
    end = sort_key(ecosystem, span.end)
    known = sorted((sort_key(ecosystem, found[2]), found[2]) for text in patched if (found := _CONSTRAINT.search(text)))
    return next((version for key, version in known if end and key >= end and not (span.end_included and key == end)), "")
