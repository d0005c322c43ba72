"""The alias book: which known product a reported name is. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from inventory.rules import normalise_name

_MAKERS_KEPT = 1_024


@dataclass(frozen=True, slots=True)
class Alias:
    """One line of the alias table; see SoftwareAlias for the fields."""

    match: str
    name_pattern: str
    vendor_pattern: str
    family: str
    key: str
    name: str
    vendor: str
    category: str


@dataclass(frozen=True, slots=True)
class Known:
    """What an alias makes of a reported name. `version` is set where the pattern finds it in the name."""

    alias: Alias
    version: str = ""


class AliasBook:
    """Finds the first alias, in the given order, that fits a reported name. Says the same for ever once made."""

    def __init__(self, aliases: Sequence[Alias]) -> None:
        self._all = _Shelf()
        self._by_vendor: dict[str, _Shelf] = {}
        for position, alias in enumerate(aliases):
            self._all.add(position, alias)
            if alias.vendor_pattern:
                self._by_vendor.setdefault(alias.vendor_pattern, _Shelf()).add(position, alias)

    def find(self, *, name: str, vendor: str, family: str, identifier: str = "") -> Known | None:
        """The alias of a program: by its identifier, which nobody changes by chance, else by its name as reported or without its noise."""
        vendor = vendor.lower()
        known = self._all.find((identifier.lower(),), vendor, family) if identifier else None
        return known or self._all.find(_names(name), vendor, family)

    def find_collected(self, *, name: str, collector: str, family: str, identifier: str = "", version: str = "") -> Known | None:
        """The alias of what a collector of its own reports (a package manager, a browser): only aliases that name it as their vendor.

        `version` may be asked for by a pattern, as the end of the name: "gh 2.61.0".
        """
        shelf = self._by_vendor.get(collector.lower())
        if shelf is None:
            return None
        known = shelf.find((identifier.lower(),), collector.lower(), family) if identifier else None
        names = (*_names(name), f"{name} {version}".lower()) if version else _names(name)
        return known or shelf.find(names, collector.lower(), family)


class _Shelf:
    """Aliases in their order, those that name something exactly kept by that name, the others by who may be meant."""

    def __init__(self) -> None:
        self._exact: dict[str, list[tuple[int, Alias]]] = {}
        self._patterns: list[tuple[int, Alias, re.Pattern[str] | str]] = []
        self._fitting: dict[tuple[str, str], list[tuple[int, Alias, re.Pattern[str] | str]]] = {}

    def add(self, position: int, alias: Alias) -> None:
        if alias.match == "exact":
            self._exact.setdefault(alias.name_pattern.lower(), []).append((position, alias))
        elif alias.match == "prefix":
            self._patterns.append((position, alias, alias.name_pattern.lower()))
        elif (pattern := _compiled(alias.name_pattern)) is not None:
            self._patterns.append((position, alias, pattern))

    def find(self, names: tuple[str, ...], vendor: str, family: str) -> Known | None:
        best: tuple[int, Alias, str] | None = None
        for candidate in names:
            for position, alias in self._exact.get(candidate, ()):
                if _fits(alias, vendor, family) and (best is None or position < best[0]):
                    best = (position, alias, "")
        for position, alias, pattern in self._patterns_for(vendor, family):
            if best is not None and position > best[0]:
                break
            found = _version_if_matching(pattern, names)
            if found is not None:
                best = (position, alias, found)
                break
        return Known(best[1], best[2]) if best else None

    def _patterns_for(self, vendor: str, family: str) -> list[tuple[int, Alias, re.Pattern[str] | str]]:
        """Those that may mean something of this maker on this system; kept, as a maker has many programs."""
        found = self._fitting.get((vendor, family))
        if found is None:
            if len(self._fitting) >= _MAKERS_KEPT:
                self._fitting.clear()
            found = self._fitting[vendor, family] = [entry for entry in self._patterns if _fits(entry[1], vendor, family)]
        return found


def _names(name: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys((" ".join(name.lower().split()), normalise_name(name).lower())))


def _compiled(pattern: str) -> re.Pattern[str] | None:
    try:
        return re.compile(pattern, re.IGNORECASE)
    except re.error:
        return None


def _fits(alias: Alias, vendor: str, family: str) -> bool:
    if alias.family and family and alias.family != family:
        return False
    return not alias.vendor_pattern or alias.vendor_pattern in vendor


def _version_if_matching(pattern: re.Pattern[str] | str, names: Iterable[str]) -> str | None:
    for name in names:
        if isinstance(pattern, str):
            if name.startswith(pattern):
                return ""
        elif match := pattern.search(name):
            return match.groupdict().get("version") or ""
    return None


def fault_of_pattern(match: str, pattern: str) -> str:
    """What is wrong with an alias's pattern, as a sentence; "" if nothing is."""
    if not pattern.strip():
        return "A pattern is needed; an empty one would take every name."
    if match == "regex":
        try:
            if re.compile(pattern).search(""):
                return "This expression fits the empty name, and so every name."
        except re.error as error:
            return f"Not a regular expression: {error}."
    return ""
