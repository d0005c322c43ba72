"""What a CVE record says is affected, turned into ranges: strictly, only where a version can be compared with it.

Format: CVE JSON 5.x (https://github.com/CVEProject/cve-schema): `affected[]` with vendor, product, cpes, packageName and
collectionURL, platforms, `versions[]` (version, lessThan, lessThanOrEqual, status, changes) and defaultStatus, and since
5.1.1 `cpeApplicability[]`, which has the form of NVD's configurations. It is prose by many hands: half of it names no
product or version that anything could be compared with. What is left out, and why each rule is there: docs/feeds.md.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from inventory.rules import normalise_package
from inventory.versions import sort_key
from weaknesses.cpe import NOT_APPLICABLE, MalformedName, parse_name, qualified, ranges_from_configurations
from weaknesses.cve_versions import Span, Unusable, spans_of, text, words
from weaknesses.records import RangeRecord
from weaknesses.rules import platform_of_target, product_scheme, windows_window

BAD_ENTRY: Final = (KeyError, TypeError, AttributeError)
_NO_NAME: Final = frozenset({"", "n/a", "na", "none", "unknown", "unspecified", "[unknown]", "various", "multiple"})
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_.+\-!]{0,99}")

_REGISTRIES: Final = {
    "npmjs": "npm",
    "pypi": "pypi",
    "maven": "maven",
    "sonatype": "maven",
    "rubygems": "gem",
    "crates": "cargo",
    "packagist": "composer",
    "nuget": "nuget",
    "golang": "golang",
    "go": "golang",
}
"""A part of the host of collectionURL -> ecosystem. Distributions are missing on purpose: their own feeds state their packages."""

_VENDORS: Final = {
    "apache software foundation": "apache",
    "oracle corporation": "oracle",
    "python software foundation": "python",
    "palo alto networks": "paloaltonetworks",
    "php group": "php",
    "the php group": "php",
    "jenkins project": "jenkins",
    "wireshark foundation": "wireshark",
    "the document foundation": "libreoffice",
    "progress software corporation": "progress",
    "progress software": "progress",
    "zoom video communications, inc.": "zoom",
    "zoom communications, inc": "zoom",
    "zoom communications inc.": "zoom",
    "the gnu c library": "gnu",
    "openssl software foundation": "openssl",
    "red hat": "redhat",
    "check point": "checkpoint",
    "7-zip": "7-zip",
    "rarlab": "rarlab",
}
"""A vendor as CVE records write it -> as CPE names do, where lower case and underscores do not lead there."""

_PRODUCTS: Final = {
    ("curl", "curl"): "cpe:a:haxx:curl",
    ("git", "git"): "cpe:a:git-scm:git",
    ("python", "cpython"): "cpe:a:python:python",
    ("apple", "macos"): "cpe:o:apple:macos",
    ("google", "android"): "cpe:o:google:android",
    ("fortinet", "fortios"): "cpe:o:fortinet:fortios",
    ("paloaltonetworks", "pan-os"): "cpe:o:paloaltonetworks:pan-os",
    ("sonicwall", "sonicos"): "cpe:o:sonicwall:sonicos",
}
_LINES: Final = frozenset({"cpe:o:apple:macos", "cpe:o:apple:iphone_os", "cpe:o:apple:ipados", "cpe:o:apple:ipad_os"})
"""Systems whose releases live side by side and are fixed each: "before 14.4" is said of 14, and nothing of 13."""

_WORDLESS_PLATFORMS: Final = re.compile(
    r"(unknown|all|any|n/a|x86|x64|arm|arm64|(32-bit|64-bit|x64-based|arm64-based|itanium-based) systems)"
)


@dataclass(frozen=True, slots=True)
class _Target:
    """A product key with what its CPE names narrow it to."""

    key: str
    platform: str = ""
    qualifiers: tuple[tuple[str, str], ...] = ()


def ranges_from_containers(containers: Sequence[Mapping[str, Any]], *, faults: Counter[str]) -> tuple[RangeRecord, ...]:
    """The ranges that the containers of one record state, the first container that names a product having the say on it.

    `containers`: the CNA's, then CISA's. What cannot be compared is counted in `faults` by its reason.
    """
    found: dict[RangeRecord, None] = {}
    for container in containers:
        for stated in (_applicable(container, faults), _affected(container, faults)):
            named = {entry.product for entry in found}
            found |= dict.fromkeys(entry for entry in stated if entry.product not in named)
    return tuple(found)


def _applicable(container: Mapping[str, Any], faults: Counter[str]) -> tuple[RangeRecord, ...]:
    noted: list[str] = []
    ranges = ranges_from_configurations(container.get("cpeApplicability") or [], faults=noted)
    faults["configurations that cannot be read"] += len(noted)
    return tuple(entry for entry in ranges if entry.start or entry.end)


def _affected(container: Mapping[str, Any], faults: Counter[str]) -> list[RangeRecord]:
    """The ranges of `affected[]`, one product after the other."""
    found: dict[_Target, dict[tuple[str, ...], dict[Span, None]]] = {}
    for entry in container.get("affected") or []:
        try:
            targets = _targets(entry)
            spans = dict.fromkeys(spans_of(entry, faults))
            platforms = {target: _platforms(entry, target.platform) for target in targets}
        except Unusable as error:
            faults[str(error)] += 1
            continue
        except BAD_ENTRY:
            faults["entries that are not of the expected form"] += 1
            continue
        for target in targets if spans else []:
            found.setdefault(target, {}).setdefault(platforms[target], {}).update(spans)
    return [
        _record(target, platforms, span)
        for target, by_platform in found.items()
        for platforms, spans in by_platform.items()
        for span in _told_apart(target, _within_lines(target, spans), faults)
    ]


# --- products --------------------------------------------------------------------------------------------------------


def _targets(entry: Mapping[str, Any]) -> list[_Target]:
    vendor, product = words(entry.get("vendor")), words(entry.get("product"))
    package, registry = text(entry.get("packageName")), text(entry.get("collectionURL"))
    targets = _from_cpes(entry.get("cpes") or [])
    if any(target.key == "cpe:o:linux:linux_kernel" for target in targets) or _is_kernel(vendor, product):
        raise Unusable("entries of the Linux kernel, which every distribution patches on its own")
    if ".net framework" in product:
        raise Unusable("entries that state the versions of files")
    if package and registry:
        host = registry.lower().partition("://")[2].partition("/")[0]
        ecosystem = next((_REGISTRIES[part] for part in host.split(".") if part in _REGISTRIES), "")
        if not ecosystem:
            raise Unusable("packages of a distribution or of no known registry")
        return [*targets, _Target(f"{ecosystem}:{normalise_package(ecosystem, package)}")]
    return targets or [_Target(_key_of_names(vendor, product))]


def _from_cpes(cpes: Iterable[object]) -> list[_Target]:
    """The products of CPE names. Their version is no bound: some write the first affected, some the first fixed one there."""
    found: dict[str, dict[_Target, None]] = {}
    for stated in cpes:
        try:
            name = parse_name(str(stated))
        except MalformedName:
            continue
        if {name.vendor, name.product} & {"*", NOT_APPLICABLE}:
            continue
        platform, qualifiers = qualified(name)
        found.setdefault(name.key, {})[_Target(name.key, platform, qualifiers)] = None
    return [target for targets in found.values() for target in _any_hardware(list(targets))]


def _any_hardware(targets: list[_Target]) -> list[_Target]:
    """A product listed for several processors is meant on any."""
    hardware = {value for target in targets for field, value in target.qualifiers if field == "target_hw"}
    if len(hardware) < 2:
        return targets
    plain = (_Target(t.key, t.platform, tuple((field, value) for field, value in t.qualifiers if field != "target_hw")) for t in targets)
    return list(dict.fromkeys(plain))


def _is_kernel(vendor: str, product: str) -> bool:
    return product in {"linux", "kernel", "linux kernel"} and vendor.startswith(("linux", "the linux", "kernel"))


def _key_of_names(vendor: str, product: str) -> str:
    """cpe:a:apache:tomcat of "Apache Software Foundation" and "Apache Tomcat": a key that matches only a product known by it."""
    if vendor in _NO_NAME or product in _NO_NAME:
        raise Unusable("entries that name no vendor or no product")
    maker = _VENDORS.get(vendor, vendor.replace(" ", "_"))
    name = re.sub(rf"^{re.escape(maker)}\s+(?=\S)", "", product).replace(" ", "_")
    if not _NAME.fullmatch(maker) or not _NAME.fullmatch(name):
        raise Unusable("entries whose product is described rather than named")
    return _PRODUCTS.get((maker, name), f"cpe:a:{maker}:{name}")


def _platforms(entry: Mapping[str, Any], named: str) -> tuple[str, ...]:
    """Platforms in our words; none where only processors are listed. One that is not known stays a name that no machine has."""
    listed = [words(platform) for platform in entry.get("platforms") or []]
    found = {platform_of_target(word.replace(" ", "_")) or word for word in listed if not _WORDLESS_PLATFORMS.fullmatch(word)}
    known = {"windows" if word.startswith("windows") else word[:40] for word in found}
    return (named,) if named else tuple(sorted(known))


def _within_lines(target: _Target, spans: Mapping[Span, None]) -> dict[Span, None]:
    if target.key not in _LINES:
        return dict(spans)
    return dict.fromkeys(
        Span(span.end.split(".", 1)[0], True, span.end, span.end_included) if span.end and not span.start else span for span in spans
    )


def _told_apart(target: _Target, spans: Mapping[Span, None], faults: Counter[str]) -> list[Span]:
    """Without those that would swallow a fixed line.

    "before 12.7.4, before 13.6.5, before 14.4" names three lines without their beginnings: of those that begin alike,
    only the lowest end is true of every version before it.
    """
    order = product_scheme(target.key)
    lowest: dict[str, Span] = {}
    for span in sorted((span for span in spans if span.end), key=lambda span: sort_key(order, span.end)):
        lowest.setdefault(span.start, span)
    kept = [span for span in spans if lowest.get(span.start, span) == span]
    faults["fixed versions of lines whose beginning is not stated"] += len(spans) - len(kept)
    return kept


def _record(target: _Target, platforms: tuple[str, ...], span: Span) -> RangeRecord:
    start = span.start
    window = windows_window(target.key.rsplit(":", 1)[1]) if target.key.startswith("cpe:o:microsoft:") else None
    if window and not start.startswith(window[0]):
        start = window[0]  # "10.0.0" stands for the beginning of every release
    return RangeRecord(
        product=target.key,
        start=start,
        start_included=span.start_included,
        end=span.end or (window[1] if window else ""),
        end_included=span.end_included,
        fixed="" if span.end_included else span.end,
        platforms=platforms,
        qualifiers=target.qualifiers,
    )
