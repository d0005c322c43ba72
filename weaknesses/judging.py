"""Whether a range holds a version, condition by condition and in words. Pure.

The matcher decides (`find_candidates.sql`); this says why. `tests/integration/weaknesses/test_judging.py` holds both to the same word.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from weaknesses import rules


@dataclass(frozen=True, slots=True)
class Probe:
    """A version as it is compared. `platforms`: itself, its distribution, its family; `facets`: words of the software's key and name."""

    version: str
    sort_key: str
    scheme: str
    platforms: tuple[str, ...]
    facets: tuple[str, ...]
    product_keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Stated:
    """A range as a source states it, with the link by which it concerns the software.

    `confidence` None: the matcher says that it does not hold. `superseded`: only the last resort says so, and others have spoken.
    `overruled`: a curator's reason for setting it aside.
    """

    id: int
    fingerprint: str
    source: str
    product_id: int
    product: str
    linked_by: str
    link_confidence: int
    start: str
    start_key: str | None
    start_included: bool
    end: str
    end_key: str | None
    end_included: bool
    fixed: str
    fixed_key: str | None
    platforms: tuple[str, ...]
    qualifiers: Mapping[str, str]
    requires: tuple[str, ...]
    stated_at: dt.datetime | None
    confidence: int | None
    superseded: bool = False
    overruled: str = ""

    @property
    def text(self) -> str:
        """The range as people write it."""
        return rules.range_text(start=self.start, start_included=self.start_included, end=self.end, end_included=self.end_included)


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition of a match: what it is about, whether it holds, and how that was proven."""

    label: str
    holds: bool
    words: str


@dataclass(frozen=True, slots=True)
class Judged:
    """A range with every condition that decides about it. `holds`: the matcher's own word."""

    stated: Stated
    conditions: tuple[Condition, ...]

    @property
    def holds(self) -> bool:
        return self.stated.confidence is not None

    @property
    def against(self) -> tuple[Condition, ...]:
        """What keeps it from holding the version."""
        return tuple(condition for condition in self.conditions if not condition.holds)

    @property
    def source_name(self) -> str:
        return rules.source_name(self.stated.source)


def judge(stated: Stated, probe: Probe) -> Judged:
    """Every condition of this range for this version."""
    found = [*_name(stated, probe), *_bounds(stated, probe), *_surroundings(stated, probe), *_qualifiers(stated, probe), *_word(stated)]
    if stated.confidence is None and all(condition.holds for condition in found):
        found.append(Condition("Matcher", False, "another rule of the matcher keeps it out"))
    return Judged(stated, tuple(found))


def nearest(judged: Sequence[Judged]) -> Judged | None:
    """Of ranges that do not hold, the one with the fewest conditions against it: it came closest."""
    out = [entry for entry in judged if not entry.holds]
    return min(out, key=lambda entry: (len(entry.against), -entry.stated.link_confidence, entry.stated.id), default=None)


def confidence_terms(stated: Stated) -> tuple[tuple[str, str], ...]:
    """How the confidence of a match comes about, as (what, figure)."""
    terms = [
        ("the software is this product", f"{stated.link_confidence}%"),
        (f"{rules.source_name(stated.source)} is right about a range", f"× {rules.source_confidence(stated.source)}%"),
    ]
    if stated.qualifiers:
        terms.append(("a qualifier had to be proven", f"− {rules.QUALIFIER_DOUBT}"))
    if stated.start_key is None and stated.end_key is None and stated.product.startswith("cpe:"):
        terms.append(("the range has no bounds", f"− {rules.UNBOUNDED_DOUBT}"))
    return tuple(terms)


def _name(stated: Stated, probe: Probe) -> list[Condition]:
    if stated.link_confidence == 0:
        return [Condition("Product", False, f"a curator said that the software is not {stated.product}")]
    if stated.product.split(":", 1)[0] != probe.scheme:
        return [Condition("Product", False, f"{stated.product} orders its versions in another way")]
    return [Condition("Product", True, f"the software is {stated.product} ({stated.linked_by.lower()}, {stated.link_confidence}% sure)")]


def _bounds(stated: Stated, probe: Probe) -> list[Condition]:
    if not probe.sort_key:
        return [Condition("Version", False, "the installed version names no number that could be compared")]
    found = []
    version = probe.version
    if stated.start_key is not None:
        above = stated.start_key != "" and (
            probe.sort_key > stated.start_key or (stated.start_included and probe.sort_key == stated.start_key)
        )
        found.append(Condition("From", above, _bound(stated.start_key, f"{version} is {_side(above, 'start', stated)} {stated.start}")))
    if stated.end_key is not None:
        below = stated.end_key != "" and (probe.sort_key < stated.end_key or (stated.end_included and probe.sort_key == stated.end_key))
        found.append(Condition("Until", below, _bound(stated.end_key, f"{version} is {_side(below, 'end', stated)} {stated.end}")))
    return found or [Condition("Version", True, "the range has no bounds: every version is in it")]


def _bound(key: str, words: str) -> str:
    return words if key else "the bound of the source is no version that could be compared"


def _side(holds: bool, bound: str, stated: Stated) -> str:
    if bound == "start":
        if holds:
            return "not older than" if stated.start_included else "newer than"
        return "older than" if stated.start_included else "not newer than"
    if holds:
        return "not newer than" if stated.end_included else "older than"
    return "newer than" if stated.end_included else "not older than"


def _surroundings(stated: Stated, probe: Probe) -> list[Condition]:
    found = []
    if stated.platforms:
        shared = [platform for platform in probe.platforms if platform in stated.platforms]
        where = f"it runs on {probe.platforms[0] or 'a system that is not known'}"
        words = f"{where}, which the range names" if shared else f"{where}; the range is for {', '.join(sorted(stated.platforms))}"
        found.append(Condition("System", bool(shared), words))
    if stated.requires:
        own = [key for key in stated.requires if key in probe.product_keys]
        names = ", ".join(stated.requires[:3])
        words = f"it is {own[0]} itself" if own else f"only together with {names}, which one version cannot show"
        found.append(Condition("Together with", bool(own), words))
    if stated.product.startswith("cpe:o:microsoft:windows") and re.fullmatch(r"[0-9]+\.[0-9]+\.[0-9]+", probe.version):
        found.append(Condition("Patch level", False, f"{probe.version} names a release but no patch level"))
    if "esr" in probe.facets and not stated.product.endswith("_esr") and stated.qualifiers.get("sw_edition") != "esr":
        found.append(Condition("Edition", False, "an extended support release has fixed versions of its own"))
    return found


def _qualifiers(stated: Stated, probe: Probe) -> list[Condition]:
    return [_qualifier(field, value, stated, probe) for field, value in sorted(stated.qualifiers.items())]


def _qualifier(field: str, value: str, stated: Stated, probe: Probe) -> Condition:
    label = field.replace("_", " ").capitalize()
    editions = [edition for edition in rules.EDITIONS if edition.product == stated.product]
    if value in probe.facets:
        return Condition(label, True, f"{value}: a word of the software's name")
    if field in ("target_hw", "edition") and value in rules.ASSUMED_HARDWARE:
        return Condition(label, True, f"{value}: what a machine is taken to be")
    if any(e.qualifier == field and e.value == value and re.search(e.version, probe.version) for e in editions):
        return Condition(label, True, f"{value}: shown by the form of the version")
    if value == "-" and not {"esr", "lts"} & set(probe.facets) and not any(e.value == "-" for e in editions):
        return Condition(label, True, "the plain edition: nothing says that it is another one")
    return Condition(label, False, f"{value}: nothing shows that it is this one")


def _word(stated: Stated) -> list[Condition]:
    found = []
    if stated.superseded:
        found.append(Condition("Source", False, "the intelligence shipped with the portal gives way to other sources of this weakness"))
    if stated.overruled:
        found.append(Condition("Curator", False, f"set aside: {stated.overruled}"))
    return found
