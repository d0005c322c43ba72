"""CPE 2.3 names and the configurations of NVD 2.0, turned into ranges.

Formats: NIST IR 7695 (names: eleven parts after `cpe:2.3:`, separated by unescaped colons, `*` any, `-` not
applicable) and the NVD CVE API 2.0 schema (configurations -> nodes -> cpeMatch).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product as combinations
from typing import Any

from weaknesses.records import RangeRecord
from weaknesses.rules import platform_of, platform_of_target, windows_window

ANY, NOT_APPLICABLE = "*", "-"
_UNESCAPED_COLON = re.compile(r"(?<!\\):")
_ESCAPED = re.compile(r"\\(.)")
_BOUNDS = ("versionStartIncluding", "versionStartExcluding", "versionEndIncluding", "versionEndExcluding")
_SHORT_UPDATE = re.compile(r"([ab])_?(\d+)")


class MalformedName(ValueError):
    """Not a CPE 2.3 name."""


@dataclass(frozen=True, slots=True)
class CpeName:
    part: str
    vendor: str
    product: str
    version: str
    update: str
    edition: str
    language: str
    sw_edition: str
    target_sw: str
    target_hw: str
    other: str

    @property
    def key(self) -> str:
        """The product key: cpe:a:google:chrome."""
        return f"cpe:{self.part}:{self.vendor}:{self.product}"


def parse_name(text: str) -> CpeName:
    """Read `cpe:2.3:a:vendor:product:...`. Raises MalformedName."""
    head, _, rest = text.lower().partition("cpe:2.3:")
    parts = _UNESCAPED_COLON.split(rest)
    if head or len(parts) != 11 or parts[0] not in ("a", "o", "h") or not all(parts):
        raise MalformedName(f"{text[:200]!r} is not a CPE 2.3 name")
    return CpeName(*(_ESCAPED.sub(r"\1", part) if "\\" in part else part for part in parts))


def ranges_from_configurations(configurations: Iterable[Mapping[str, Any]], *, faults: list[str] | None = None) -> tuple[RangeRecord, ...]:
    """The ranges that the configurations of one CVE state, without repeats.

    Only names marked vulnerable give ranges; in an AND, the other nodes become the condition. What cannot be
    used is left out and its reason appended to `faults`.
    """
    noted = faults if faults is not None else []
    found = (record for configuration in configurations for record in _ranges_of(configuration, noted))
    return tuple(dict.fromkeys(found))


@dataclass(frozen=True, slots=True)
class _Condition:
    """What must hold beside the vulnerable product: one of the platforms, and one of the products."""

    platforms: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Match:
    name: CpeName
    vulnerable: bool
    bounds: Mapping[str, str]


def _ranges_of(configuration: Mapping[str, Any], faults: list[str]) -> Iterator[RangeRecord]:
    nodes = configuration.get("nodes") or ()
    if configuration.get("negate") or any(node.get("negate") for node in nodes):
        faults.append("a negated configuration is not used: what it excludes cannot be shown to be absent")
        return
    groups = [group for node in nodes for group in _groups(node, faults)]
    together = str(configuration.get("operator", "OR")).upper() == "AND" or len(groups) != len(nodes)
    for index, group in enumerate(groups):
        others = groups[:index] + groups[index + 1 :] if together else []
        conditions = list(_conditions(others))
        for match in group:
            if match.vulnerable:
                yield from _records(match, conditions)


def _groups(node: Mapping[str, Any], faults: list[str]) -> list[list[_Match]]:
    """The alternatives of a node; the names of an AND node stand each alone."""
    matches = [match for match in (_match(entry, faults) for entry in node.get("cpeMatch") or ()) if match]
    if str(node.get("operator", "OR")).upper() == "AND" and len(matches) > 1:
        return [[match] for match in matches]
    return [matches] if matches else []


def _match(entry: Mapping[str, Any], faults: list[str]) -> _Match | None:
    try:
        name = parse_name(str(entry.get("criteria", "")))
    except MalformedName as error:
        faults.append(str(error))
        return None
    bounds = {bound: str(entry[bound]).strip() for bound in _BOUNDS if entry.get(bound)}
    return _Match(name, entry.get("vulnerable") is True, bounds)


def _conditions(others: Sequence[Sequence[_Match]]) -> Iterator[_Condition]:
    """Every way to satisfy the other nodes. A node of systems and products can be satisfied by either."""
    ways = []
    for group in others:
        platforms = tuple(dict.fromkeys(platform_of(m.name.vendor, m.name.product, m.name.version) for m in group if m.name.part == "o"))
        if all(m.name.part == "h" and m.vulnerable for m in group):
            continue  # an appliance and its system, listed as one vulnerable thing: who has the system has the appliance
        products = tuple(dict.fromkeys(m.name.key for m in group if m.name.part != "o"))
        ways.append([_Condition(platforms=platforms)] * bool(platforms) + [_Condition(requires=products)] * bool(products))
    for choice in combinations(*ways):
        condition = _together(choice)
        if condition:
            yield condition


def _together(choice: Iterable[_Condition]) -> _Condition | None:
    """All conditions at once; None where no platform satisfies them. Of several product lists the shortest stands for all."""
    platforms: tuple[str, ...] | None = None
    requires: tuple[str, ...] = ()
    for condition in choice:
        if condition.platforms:
            platforms = condition.platforms if platforms is None else tuple(p for p in platforms if p in condition.platforms)
            if not platforms:
                return None
        if condition.requires and (not requires or len(condition.requires) < len(requires)):
            requires = condition.requires
    return _Condition(platforms or (), requires)


def _records(match: _Match, conditions: Iterable[_Condition]) -> Iterator[RangeRecord]:
    name = match.name
    bounds = _bounds(name, match.bounds)
    if bounds is None:
        return
    named, qualifiers = _qualifiers(name, update_used=bounds.update_used)
    for condition in conditions:
        platforms = _narrowed(condition.platforms, named)
        if platforms is None:
            continue
        yield RangeRecord(
            product=name.key,
            start=bounds.start,
            start_included=bounds.start_included,
            end=bounds.end,
            end_included=bounds.end_included,
            fixed=bounds.fixed,
            platforms=platforms,
            qualifiers=qualifiers,
            requires=condition.requires,
        )


def _narrowed(platforms: tuple[str, ...], named: str) -> tuple[str, ...] | None:
    if not named:
        return tuple(sorted(platforms))
    return (named,) if not platforms or named in platforms else None


@dataclass(frozen=True, slots=True)
class _Bounds:
    start: str = ""
    start_included: bool = True
    end: str = ""
    end_included: bool = False
    fixed: str = ""
    update_used: bool = False


def _bounds(name: CpeName, stated: Mapping[str, str]) -> _Bounds | None:
    """None where the name has no version. An update ("sp1", "update_291") belongs to the version it follows."""
    if name.version == NOT_APPLICABLE:
        return None
    if name.version != ANY:
        version = version_with_update(name.version, name.update)
        return _Bounds(start=version, end=version, end_included=True, update_used=True)
    start = stated.get("versionStartIncluding") or stated.get("versionStartExcluding", "")
    start_included = "versionStartExcluding" not in stated or "versionStartIncluding" in stated
    excluded, included = stated.get("versionEndExcluding", ""), stated.get("versionEndIncluding", "")
    if excluded or not included:
        return _within_windows_release(name, _Bounds(start, start_included, excluded, False, excluded))
    # Lists made before 2018 say "up to 1.6.0 update 7" as versionEndIncluding 1.6.0 with update7.
    end = version_with_update(included, name.update)
    return _within_windows_release(name, _Bounds(start, start_included, end, True, "", update_used=True))


def version_with_update(version: str, update: str) -> str:
    """An update belongs to its version: 1.8.0 and update_291 are "1.8.0 update_291"."""
    if update in (ANY, NOT_APPLICABLE):
        return version
    short = _SHORT_UPDATE.fullmatch(update)
    return f"{version} {({'a': 'alpha', 'b': 'beta'}[short[1]] + short[2]) if short else update}"


def _within_windows_release(name: CpeName, bounds: _Bounds) -> _Bounds:
    """A Windows release is bounded by its build: NVD states only the first fixed version."""
    window = windows_window(name.product) if name.vendor == "microsoft" else None
    if not window:
        return bounds
    first, after = window
    return _Bounds(
        bounds.start or first, bounds.start_included, bounds.end or after, bounds.end_included, bounds.fixed, update_used=bounds.update_used
    )


def _qualifiers(name: CpeName, *, update_used: bool) -> tuple[str, tuple[tuple[str, str], ...]]:
    """The platform that the name's qualifiers mean ("" for none), and the qualifiers that are left to be proven."""
    values = {
        "update": ANY if update_used else name.update,
        "edition": name.edition,
        "language": name.language,
        "sw_edition": name.sw_edition,
        "target_sw": name.target_sw,
        "target_hw": name.target_hw,
    }
    platform = ""
    for field in ("target_sw", "edition"):
        named = platform_of_target(values[field])
        if named:
            platform, values[field] = platform or named, ANY
    kept = tuple((field, value) for field, value in values.items() if value != ANY and (value != NOT_APPLICABLE or field == "sw_edition"))
    return platform, kept
