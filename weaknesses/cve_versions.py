"""The versions of an entry of a CVE record, as spans that can be compared; what cannot be is counted by its reason.

Format: CVE JSON 5.x, `versions[]` and `defaultStatus` (https://github.com/CVEProject/cve-schema). The rules: docs/feeds.md.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

_OPEN: Final = frozenset({"", "0", "*", "-", "unspecified", "unknown", "n/a", "all", "any"})
_COMMITS: Final = frozenset({"git", "original_commit_for_fix"})
_VERSION: Final = re.compile(r"[0-9][0-9A-Za-z.+~:_()\-]{0,99}")
_COMMIT: Final = re.compile(r"[0-9a-f]{40}")
_COMPARISON: Final = re.compile(r"(<=|<|>=|>|=)\s*([^\s,<>=]+)")
_COMPARISONS: Final = re.compile(r"\s*(?:(?:<=|<|>=|>|=)\s*[^\s,<>=]+\s*,?\s*){1,4}")


@dataclass(frozen=True, slots=True)
class Span:
    start: str = ""
    start_included: bool = True
    end: str = ""
    end_included: bool = False


class Unusable(ValueError):
    """Why a version or product cannot be compared: the words that are counted."""


def spans_of(entry: Mapping[str, Any], faults: Counter[str]) -> Iterator[Span]:
    """What an entry of `affected[]` says, one affected span after the other."""
    versions = [version for version in entry.get("versions") or [] if isinstance(version, dict)]
    if entry.get("defaultStatus") == "affected" and versions and all(version.get("status") == "unaffected" for version in versions):
        yield from _all_but(versions, faults)
        return
    for version in versions:
        if version.get("status") != "affected":
            continue
        try:
            yield from _pieces(version)
        except Unusable as error:
            faults[str(error)] += 1


def _all_but(versions: list[dict[str, Any]], faults: Counter[str]) -> Iterator[Span]:
    """Everything is affected but these: usable where they are one line that goes on for ever, so that the rest lies before it."""
    try:
        beginnings = [_version(version.get("version")) for version in versions if words(_end(version)[0]) == "*"]
        if len(versions) != 1 or len(beginnings) != 1:
            raise Unusable("products affected in all versions but some")
        yield Span(end=beginnings[0])
    except Unusable as error:
        faults[str(error)] += 1


def _pieces(version: Mapping[str, Any]) -> Iterator[Span]:
    """The affected parts of one entry. `changes` say where in it the status turns, in order."""
    kind, stated = words(version.get("versionType")), text(version.get("version"))
    if kind in _COMMITS or _COMMIT.fullmatch(stated):
        raise Unusable("versions that are commits")
    if kind == "rpm" or kind == "deb":
        raise Unusable("packages of a distribution or of no known registry")
    whole = _compared(stated) if re.match(r"\s*[<>=]", stated) else _bounded(stated, *_end(version))
    changes = version.get("changes") or []
    start, included, affected = whole.start, whole.start_included, True
    for change in changes:
        at = _version(change.get("at"))
        if affected and change.get("status") == "unaffected":
            yield Span(start, included, at)
            affected = False
        elif not affected and change.get("status") == "affected":
            start, included, affected = at, True, True
    if affected:
        yield Span(start, included, whole.end, whole.end_included)


def _end(version: Mapping[str, Any]) -> tuple[str, bool]:
    """(the end, whether it is affected too)."""
    if version.get("lessThan") is not None:
        return text(version["lessThan"]), False
    return text(version.get("lessThanOrEqual")), True


def _bounded(start: str, end: str, end_included: bool) -> Span:
    first = "" if words(start) in _OPEN else _version(start.removesuffix(".*") if end else start)
    if not end:
        if not first:
            raise Unusable("products of which no version is named")
        return Span(first, True, first, True)
    last = "" if end == "*" else _version(end)
    if first == last and not end_included:
        first = ""  # "146.0, less than 146.0": one publisher's way to say before 146.0
    if not first and not last:
        raise Unusable("products of which no version is named")
    return Span(first, True, last, end_included and bool(last))


def _compared(stated: str) -> Span:
    """A version in comparisons, as one large publisher writes it: `>= 1.0, < 2.3.1`."""
    if len(stated) > 200 or not _COMPARISONS.fullmatch(stated):
        raise Unusable("versions in words")
    bounds: dict[str, str] = {}
    for sign, value in _COMPARISON.findall(stated):
        bounds[sign] = _version(value)
    if "=" in bounds:
        return Span(bounds["="], True, bounds["="], True)
    start, end = bounds.get(">=") or bounds.get(">", ""), bounds.get("<") or bounds.get("<=", "")
    return Span(start, ">=" in bounds or not start, end, "<" not in bounds and bool(end))


def _version(value: object) -> str:
    """A version without a leading v. Raises for addresses, words, wildcards and commits."""
    stated = re.sub(r"^[vV](?=[0-9])", "", text(value))
    if _COMMIT.fullmatch(stated):
        raise Unusable("versions that are commits")
    if not _VERSION.fullmatch(stated):
        raise Unusable("versions in words")
    return stated


def text(value: object) -> str:
    """Text without white space around it; "" for anything else."""
    return value.strip() if isinstance(value, str) else ""


def words(value: object) -> str:
    """Lower case, white space as single spaces."""
    return " ".join(text(value).lower().split())
