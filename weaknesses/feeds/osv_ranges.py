"""The affected versions of an OSV `affected` entry as spans.

Source: https://ossf.github.io/osv-schema/, "affected[].ranges" and "Evaluation". Events count in version order, whatever
their order in the file; a version list counts where no range of versions says more.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from inventory.versions import sort_key
from weaknesses.feeds.reading import text

_KINDS = ("ECOSYSTEM", "SEMVER")
_EVENTS = ("introduced", "fixed", "last_affected", "limit")
_STATED_END = re.compile(r"(<=?)\s*([^\s,]+)")


@dataclass(frozen=True, slots=True)
class Span:
    """Affected versions: empty bounds are open, the start is included."""

    start: str = ""
    end: str = ""
    end_included: bool = False
    fixed: str = ""


def spans(affected: dict[str, Any], order: str) -> Iterator[Span]:
    """The spans of all ranges of versions; without one, each listed version is a span of its own."""
    ranges = [item for item in affected.get("ranges") or [] if item["type"] in _KINDS]
    for item in ranges:
        yield from _closed(_of_events(item["events"], order), affected)
    if not ranges:
        for version in affected.get("versions") or []:
            exact = text(version, 200)
            if exact:
                yield Span(start=exact, end=exact, end_included=True)


def _of_events(events: list[dict[str, Any]], order: str) -> Iterator[Span]:
    """A span begins where it is introduced, ends at the next fix or limit, and is open where there is none yet."""
    start: str | None = None
    for kind, version in _sorted(events, order):
        if kind == "introduced":
            if start is None:
                start = "" if version == "0" else version
        elif start is not None:
            if version != "0":  # fixed in "0": never affected
                included = kind == "last_affected"
                yield Span(start=start, end=version, end_included=included, fixed=version if kind == "fixed" else "")
            start = None
    if start is not None:
        yield Span(start=start)


def _sorted(events: list[dict[str, Any]], order: str) -> list[tuple[str, str]]:
    """(kind, version) by version. A version that cannot be compared stays where it is: then the file's order is all there is."""
    found = [(kind, text(event[kind], 200)) for event in events for kind in _EVENTS if kind in event]
    found = [(kind, version) for kind, version in found if not (kind == "limit" and version == "*")]
    keys = ["" if version == "0" else sort_key(order, version) for _, version in found]
    if any(not key and version != "0" for key, (_, version) in zip(keys, found, strict=True)):
        return found
    # At one version a fix ends what came before, and then the next span begins; at the very beginning nothing came before.
    ranked = sorted((key, (kind == "introduced") == bool(key), at) for at, (key, (kind, _)) in enumerate(zip(keys, found, strict=True)))
    return [found[at] for _, _, at in ranked]


def _closed(found: Iterator[Span], affected: dict[str, Any]) -> Iterator[Span]:
    """Without a fix, GitHub's advisories still say which version was the last known to be affected."""
    specific = affected.get("database_specific")
    stated = specific.get("last_known_affected_version_range") if isinstance(specific, dict) else None
    end = _STATED_END.fullmatch(stated.strip()) if isinstance(stated, str) else None
    for span in found:
        if end and not span.end:
            yield Span(start=span.start, end=end[2][:200], end_included=end[1] == "<=")
        else:
            yield span
