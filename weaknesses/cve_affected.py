"""What a CVE record says is affected, turned into ranges: strictly, only where a version can be compared with it.

Format: CVE JSON 5.x (https://github.com/CVEProject/cve-schema): `affected[]` with vendor, product, cpes, packageName and
collectionURL, platforms, `versions[]` (version, lessThan, lessThanOrEqual, status, changes) and defaultStatus, and since
5.1.1 `cpeApplicability[]`, which has the form of NVD's configurations. It is prose by many hands: half of it names no
product or version that anything could be compared with. What is left out, and why each rule is there: docs/feeds.md.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from inventory.rules import normalise_package
from inventory.versions import sort_key
from weaknesses.cpe import NOT_APPLICABLE, MalformedName, parse_name, qualified, ranges_from_configurations
from weaknesses.records import RangeRecord
from weaknesses.rules import platform_of_target, product_scheme, windows_window

BAD_ENTRY: Final = (KeyError, TypeError, AttributeError)
_OPEN: Final = frozenset({"", "0", "*", "-", "unspecified", "unknown", "n/a", "all", "any"})
_NO_NAME: Final = frozenset({"", "n/a", "na", "none", "unknown", "unspecified", "[unknown]", "various", "multiple"})
_COMMITS: Final = frozenset({"git", "original_commit_for_fix"})
_VERSION: Final = re.compile(r"[0-9][0-9A-Za-z.+~:_()\-]{0,99}")
_COMMIT: Final = re.compile(r"[0-9a-f]{40}")
_COMPARISON: Final = re.compile(r"(<=|<|>=|>|=)\s*([^\s,<>=]+)")
_COMPARISONS: Final = re.compile(r"\s*(?:(?:<=|<|>=|>|=)\s*[^\s,<>=]+\s*,?\s*){1,4}")
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


@dataclass(frozen=True, slots=True)
class _Span:
    start: str = ""
    start_included: bool = True
    end: str = ""
    end_included: bool = False


class _Unusable(ValueError):
    """Why a version or product cannot be compared: the words that are counted."""


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
    found: dict[_Target, dict[tuple[str, ...], dict[_Span, None]]] = {}
    for entry in container.get("affected") or []:
        try:
            targets = _targets(entry)
            spans = dict.fromkeys(_spans(entry, faults))
            platforms = {target: _platforms(entry, target.platform) for target in targets}
        except _Unusable as error:
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
    vendor, product = _words(entry.get("vendor")), _words(entry.get("product"))
    package, registry = _text(entry.get("packageName")), _text(entry.get("collectionURL"))
    targets = _from_cpes(entry.get("cpes") or [])
    if any(target.key == "cpe:o:linux:linux_kernel" for target in targets) or _is_kernel(vendor, product):
        raise _Unusable("entries of the Linux kernel, which every distribution patches on its own")
    if ".net framework" in product:
        raise _Unusable("entries that state the versions of files")
    if package and registry:
        host = registry.lower().partition("://")[2].partition("/")[0]
        ecosystem = next((_REGISTRIES[part] for part in host.split(".") if part in _REGISTRIES), "")
        if not ecosystem:
            raise _Unusable("packages of a distribution or of no known registry")
        return [*targets, _Target(f"{ecosystem}:{normalise_package(ecosystem, package)}")]
    return targets or [_Target(_key_of_names(vendor, product))]


def _from_cpes(cpes: Iterable[object]) -> list[_Target]:
    """The products of CPE names. Their version is no bound: some write the first affected, some the first fixed one there."""
    found: dict[str, dict[_Target, None]] = {}
    for text in cpes:
        try:
            name = parse_name(str(text))
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
        raise _Unusable("entries that name no vendor or no product")
    maker = _VENDORS.get(vendor, vendor.replace(" ", "_"))
    name = re.sub(rf"^{re.escape(maker)}\s+(?=\S)", "", product).replace(" ", "_")
    if not _NAME.fullmatch(maker) or not _NAME.fullmatch(name):
        raise _Unusable("entries whose product is described rather than named")
    return _PRODUCTS.get((maker, name), f"cpe:a:{maker}:{name}")


def _platforms(entry: Mapping[str, Any], named: str) -> tuple[str, ...]:
    """Platforms in our words; none where only processors are listed. One that is not known stays a name that no machine has."""
    listed = [_words(platform) for platform in entry.get("platforms") or []]
    found = {platform_of_target(word.replace(" ", "_")) or word for word in listed if not _WORDLESS_PLATFORMS.fullmatch(word)}
    known = {"windows" if word.startswith("windows") else word[:40] for word in found}
    return (named,) if named else tuple(sorted(known))


# --- versions --------------------------------------------------------------------------------------------------------


def _spans(entry: Mapping[str, Any], faults: Counter[str]) -> Iterator[_Span]:
    versions = [version for version in entry.get("versions") or [] if isinstance(version, dict)]
    if entry.get("defaultStatus") == "affected" and versions and all(version.get("status") == "unaffected" for version in versions):
        yield from _all_but(versions, faults)
        return
    for version in versions:
        if version.get("status") != "affected":
            continue
        try:
            yield from _pieces(version)
        except _Unusable as error:
            faults[str(error)] += 1


def _all_but(versions: list[dict[str, Any]], faults: Counter[str]) -> Iterator[_Span]:
    """Everything is affected but these: usable where they are one line that goes on for ever, so that the rest lies before it."""
    try:
        beginnings = [_version(version.get("version")) for version in versions if _words(_end(version)[0]) == "*"]
        if len(versions) != 1 or len(beginnings) != 1:
            raise _Unusable("products affected in all versions but some")
        yield _Span(end=beginnings[0])
    except _Unusable as error:
        faults[str(error)] += 1


def _pieces(version: Mapping[str, Any]) -> Iterator[_Span]:
    """The affected parts of one entry. `changes` say where in it the status turns, in order."""
    kind, stated = _words(version.get("versionType")), _text(version.get("version"))
    if kind in _COMMITS or _COMMIT.fullmatch(stated):
        raise _Unusable("versions that are commits")
    if kind == "rpm" or kind == "deb":
        raise _Unusable("packages of a distribution or of no known registry")
    whole = _compared(stated) if re.match(r"\s*[<>=]", stated) else _bounded(stated, *_end(version))
    changes = version.get("changes") or []
    start, included, affected = whole.start, whole.start_included, True
    for change in changes:
        at = _version(change.get("at"))
        if affected and change.get("status") == "unaffected":
            yield _Span(start, included, at)
            affected = False
        elif not affected and change.get("status") == "affected":
            start, included, affected = at, True, True
    if affected:
        yield _Span(start, included, whole.end, whole.end_included)


def _end(version: Mapping[str, Any]) -> tuple[str, bool]:
    """(the end, whether it is affected too)."""
    if version.get("lessThan") is not None:
        return _text(version["lessThan"]), False
    return _text(version.get("lessThanOrEqual")), True


def _bounded(start: str, end: str, end_included: bool) -> _Span:
    first = "" if _words(start) in _OPEN else _version(start.removesuffix(".*") if end else start)
    if not end:
        if not first:
            raise _Unusable("products of which no version is named")
        return _Span(first, True, first, True)
    last = "" if end == "*" else _version(end)
    if first == last and not end_included:
        first = ""  # "146.0, less than 146.0": one publisher's way to say before 146.0
    if not first and not last:
        raise _Unusable("products of which no version is named")
    return _Span(first, True, last, end_included and bool(last))


def _compared(text: str) -> _Span:
    """ ">= 1.0, < 2.3.1"."""
    if not _COMPARISONS.fullmatch(text):
        raise _Unusable("versions in words")
    bounds: dict[str, str] = {}
    for sign, value in _COMPARISON.findall(text):
        bounds[sign] = _version(value)
    if "=" in bounds:
        return _Span(bounds["="], True, bounds["="], True)
    start, end = bounds.get(">=") or bounds.get(">", ""), bounds.get("<") or bounds.get("<=", "")
    return _Span(start, ">=" in bounds or not start, end, "<" not in bounds and bool(end))


def _version(value: object) -> str:
    """A version without a leading v. Raises for addresses, words, wildcards and commits."""
    text = re.sub(r"^[vV](?=[0-9])", "", _text(value))
    if _COMMIT.fullmatch(text):
        raise _Unusable("versions that are commits")
    if not _VERSION.fullmatch(text):
        raise _Unusable("versions in words")
    return text


def _within_lines(target: _Target, spans: Mapping[_Span, None]) -> dict[_Span, None]:
    if target.key not in _LINES:
        return dict(spans)
    return dict.fromkeys(
        _Span(span.end.split(".", 1)[0], True, span.end, span.end_included) if span.end and not span.start else span for span in spans
    )


def _told_apart(target: _Target, spans: Mapping[_Span, None], faults: Counter[str]) -> list[_Span]:
    """Without those that would swallow a fixed line.

    "before 12.7.4, before 13.6.5, before 14.4" names three lines without their beginnings: of those that begin alike,
    only the lowest end is true of every version before it.
    """
    order = product_scheme(target.key)
    lowest: dict[str, _Span] = {}
    for span in sorted((span for span in spans if span.end), key=lambda span: sort_key(order, span.end)):
        lowest.setdefault(span.start, span)
    kept = [span for span in spans if lowest.get(span.start, span) == span]
    faults["fixed versions of lines whose beginning is not stated"] += len(spans) - len(kept)
    return kept


def _record(target: _Target, platforms: tuple[str, ...], span: _Span) -> RangeRecord:
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


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""


def _words(value: object) -> str:
    """Lower case, white space as single spaces."""
    return " ".join(_text(value).lower().split())
