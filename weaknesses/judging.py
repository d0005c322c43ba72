"""Whether a range holds a version, condition by condition and in words. Pure.

The matcher decides (`find_candidates.sql`); this says why. `tests/integration/weaknesses/test_judging.py` holds both to the same word.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from weaknesses import rules
from weaknesses.feeds.rpm_modules import UNKNOWN, is_modular
from weaknesses.source_names import source_name

_PACKAGE_LINKS = {
    "installs": "installs the binary package",
    "source": "is from the source package",
    "rebuilt": "is built again from the package",
}
_SCHEMES = {"cpe": "product names (CPE)", "pypi": "Python packages", "rpm": "rpm packages", "deb": "Debian packages"}


@dataclass(frozen=True, slots=True)
class Probe:
    """A version as it is compared. `platforms`: itself, its distribution, its family; `facets`: words of the software's key and name.

    `hosted`: an extension of a browser or editor. `upstream`: the software's version once more, in the order of another scheme.
    `epoch`: the range's, in which an rpm's version without one is compared (`sort_key` is in it then); "" where it has its own.
    """

    version: str
    sort_key: str
    scheme: str
    platforms: tuple[str, ...]
    facets: tuple[str, ...]
    product_keys: tuple[str, ...]
    hosted: bool = False
    upstream: bool = False
    epoch: str = ""


@dataclass(frozen=True, slots=True)
class Stated:
    """A range as a source states it, with the link by which it concerns the software.

    `confidence` None: the matcher says that it does not hold. `superseded`: the source before which this one, a stand-in, gives way.
    `overruled`: a curator's reason for setting it aside. `of_program`: the product is a program's. `basis`: how the software's package
    led to another package's product: it installs it, is from that source, or is it rebuilt; "" where it is the package itself.
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
    superseded: str = ""
    overruled: str = ""
    of_program: bool = False
    rejected: bool = False
    basis: str = ""

    @property
    def text(self) -> str:
        """The range as people write it."""
        return rules.range_text(start=self.start, start_included=self.start_included, end=self.end, end_included=self.end_included)

    @property
    def relation(self) -> str:
        """What the software is to the product, as a verb: "is", "installs the binary package"."""
        return _PACKAGE_LINKS.get(self.basis, "is")

    @property
    def product_name(self) -> str:
        """What the verb is about: the product, or the package's own name."""
        return self.product.rsplit(":", 1)[-1] if self.basis else self.product


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
    probe: Probe
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
        return source_name(self.stated.source)


def judge(stated: Stated, probe: Probe) -> Judged:
    """Every condition of this range for this version."""
    found = [*_name(stated, probe), *_bounds(stated, probe), *_surroundings(stated, probe), *_qualifiers(stated, probe), *_word(stated)]
    if stated.confidence is None and all(condition.holds for condition in found):
        found.append(Condition("Matcher", False, "another rule of the matcher keeps it out"))
    return Judged(stated, probe, tuple(found))


def nearest(judged: Sequence[Judged]) -> Judged | None:
    """Of ranges that do not hold, the one with the fewest conditions against it: it came closest."""
    out = [entry for entry in judged if not entry.holds]
    return min(out, key=lambda entry: (len(entry.against), -entry.stated.link_confidence, entry.stated.id), default=None)


def confidence_terms(stated: Stated) -> tuple[tuple[str, str], ...]:
    """How the confidence of a match comes about, as (what, figure)."""
    terms = [
        (f"the software {stated.relation} {stated.product_name if stated.basis else 'this product'}", f"{stated.link_confidence}%"),
        (f"a range of {source_name(stated.source)} is right", f"× {rules.source_confidence(stated.source)}%"),
    ]
    if stated.qualifiers:
        terms.append(("a qualifier had to be proven", f"− {rules.QUALIFIER_DOUBT}"))
    if stated.start_key is None and stated.end_key is None and stated.product.startswith("cpe:"):
        terms.append(("the range has no bounds", f"− {rules.UNBOUNDED_DOUBT}"))
    return tuple(terms)


def _name(stated: Stated, probe: Probe) -> list[Condition]:
    if stated.link_confidence == 0:
        return [Condition("Product", False, f"a curator said that the software is not {stated.product}")]
    scheme = stated.product.split(":", 1)[0]
    if scheme != probe.scheme and (scheme, probe.scheme) != ("other", "cpe"):
        return [Condition("Product", False, f"{stated.product} orders its versions in another way")]
    found = [Condition("Product", True, f"{_link(stated)} ({stated.linked_by.lower()}, {stated.link_confidence}% sure)")]
    if probe.upstream:
        words = f"compared as {probe.version}, as {_SCHEMES.get(scheme, scheme)} are ordered"
        found.append(Condition("Order", True, words))
    if probe.hosted and stated.of_program and "target_sw" not in stated.qualifiers:
        words = f"{stated.product} is a program, and the range does not say that it means the extension of that name"
        found.append(Condition("Extension", False, words))
    return found


def _link(stated: Stated) -> str:
    words = f"the software {stated.relation} {stated.product_name}"
    return f"{words}, which the advisory names" if stated.basis else words


def _bounds(stated: Stated, probe: Probe) -> list[Condition]:
    if not probe.sort_key:
        return [Condition("Version", False, "the installed version names no number that could be compared")]
    found = []
    version = probe.version
    if probe.epoch:
        found.append(Condition("Epoch", True, f"{version} names none and is compared in the range's, {probe.epoch}"))
    if stated.start_key is not None:
        above = stated.start_key != "" and (
            probe.sort_key > stated.start_key or (stated.start_included and probe.sort_key == stated.start_key)
        )
        found.append(Condition("From", above, _bound(stated.start_key, f"{version} is {_side(above, 'start', stated)} {stated.start}")))
    if stated.end_key is not None:
        below = stated.end_key != "" and (probe.sort_key < stated.end_key or (stated.end_included and probe.sort_key == stated.end_key))
        found.append(Condition("Until", below, _bound(stated.end_key, f"{version} is {_side(below, 'end', stated)} {stated.end}")))
    if stated.start_key is None and stated.end_key is None:
        found.append(Condition("Version", True, "the range has no bounds: every version is in it"))
    return found


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
    if probe.scheme == "rpm" and is_modular(probe.version) and "module" not in stated.qualifiers:
        found.append(Condition("Module", False, f"{probe.version} was built in a module stream, and the range is not about one"))
    return found


def _qualifiers(stated: Stated, probe: Probe) -> list[Condition]:
    return [_qualifier(field, value, stated, probe) for field, value in sorted(stated.qualifiers.items())]


def _qualifier(field: str, value: str, stated: Stated, probe: Probe) -> Condition:
    label = field.replace("_", " ").capitalize()
    if field == "module":
        return _module(label, value, probe)
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


def _module(label: str, stream: str, probe: Probe) -> Condition:
    named = "a module stream" if stream == UNKNOWN else f"the module stream {stream}"
    if stream in probe.facets:
        return Condition(label, True, f"{stream}: a word of the software's name")
    if is_modular(probe.version):
        return Condition(label, True, f"the range is about {named}; the version was built in a module, and the bounds tell the stream")
    return Condition(label, False, f"the range is about {named}; {probe.version} was not built in a module")


def _word(stated: Stated) -> list[Condition]:
    found = []
    if stated.rejected:
        found.append(Condition("Weakness", False, "the CVE was rejected"))
    if stated.superseded:
        words = f"a range of {source_name(stated.source)} is a stand-in, and gives way to those of {source_name(stated.superseded)}"
        found.append(Condition("Source", False, words))
    if stated.overruled:
        found.append(Condition("Curator", False, f"set aside: {stated.overruled}"))
    return found
