"""An XCCDF rule as a check of the catalogue: its texts, what it is about, and how much it matters.

Impact (1 to 10), by severity: high 8, medium 5, low 3, info 1, unknown 4; one more or less where the rule weighs more or less
than most rules of its benchmark. Benchmarks use weights so differently (all 1, all 10) that only the difference tells.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from inventory.records import Check
from inventory.sources.check_words import category_of_words

SOURCE_NAME = "xccdf"
_IMPACTS = {"high": 8, "medium": 5, "low": 3, "info": 1, "unknown": 4}
_PREFIX = re.compile(r"^xccdf_[^_]+(?:\.[^_]+)*_(?:rule|group|benchmark)_")
_SRG = re.compile(r"^SRG-[A-Z0-9-]+$")
_ADVISORY = re.compile(r"\b(?:CVE-\d{4}-\d{4,}|RH[SBE]A-\d{4}:\d+|(?:USN|DSA|DLA|ELSA|ALSA|RLSA|ALAS2?)-\d[\d:.-]*\d)", re.IGNORECASE)
_FIX_ORDER = ("script:sh", "script:powershell", "script", "ansible", "puppet", "")
_IDENTS = 100
_MARK = re.compile(r"\$\{([^${}]*)\}")


@dataclass(slots=True)
class Rule:
    """What a benchmark says of one rule. `groups`: (id, title) of the groups it is in, the outermost first."""

    id: str
    severity: str = ""
    weight: str = ""
    groups: tuple[tuple[str, str], ...] = ()
    title: str = ""
    description: str = ""
    rationale: str = ""
    fixtext: str = ""
    fixes: dict[str, str] = field(default_factory=dict)  # system -> text
    idents: list[str] = field(default_factory=list)

    def end(self, name: str, attributes: Mapping[str, str], text: str) -> None:
        """Take an element of the rule; the first of its kind counts."""
        if name == "title":
            self.title = self.title or " ".join(text.split())
        elif name in {"description", "rationale", "fixtext"}:
            setattr(self, name, getattr(self, name) or text)
        elif name == "fix":
            self.fixes.setdefault(attributes.get("system", ""), text)
        elif name == "ident" and len(self.idents) < _IDENTS:
            self.idents.append(text)

    @property
    def advisory(self) -> str:
        """The advisory or weakness that the rule looks for; "" where it checks a setting.

        A rule made from a patch definition names its CVEs and no CCE, or is titled with its advisory.
        """
        if any(ident.upper().startswith("CCE-") for ident in self.idents):
            return ""
        named = _ADVISORY.match(self.title) or next(filter(None, map(_ADVISORY.match, self.idents)), None)
        return named[0] if named else ""


@dataclass(slots=True)
class Benchmark:
    """A benchmark and its rules. `applications`: whether it is of an application, by its platforms."""

    id: str
    title: str = ""
    rules: dict[str, Rule] = field(default_factory=dict)
    applications: bool = False

    def end(self, name: str, attributes: Mapping[str, str], text: str) -> None:
        """Take an element of the benchmark itself."""
        if name == "title":
            self.title = self.title or " ".join(text.split())
        elif name == "platform":
            self.applications |= attributes.get("idref", "").startswith(("cpe:/a:", "cpe:2.3:a:"))

    def usual_weight(self) -> float:
        weights = Counter(_weight(rule.weight) for rule in self.rules.values())
        return weights.most_common(1)[0][0] if weights else 1.0


def check_of(rule: Rule, benchmark: Benchmark, *, usual_weight: float, values: Mapping[str, str]) -> Check:
    """`values`: what the scan set the benchmark's variables to; they are put into the remediation."""
    category = category_of(rule, default="application" if benchmark.applications else "os")
    return Check(
        source=SOURCE_NAME,
        external_id=f"{benchmark.id}/{rule.id}",
        name=rule.title or short_id(rule.id).replace("_", " ").capitalize(),
        category=category,
        impact=impact_of(rule, usual_weight),
        subcategory=_subcategory(rule),
        description=rule.description,
        risk=rule.rationale,
        remediation=_MARK.sub(lambda mark: values.get(mark[1], short_id(mark[1])), _fix(rule)),
        cce=next((ident for ident in rule.idents if ident.upper().startswith("CCE-")), "")[:30],
        benchmarks=(benchmark.title or short_id(benchmark.id),),
    )


def impact_of(rule: Rule, usual_weight: float) -> int:
    base = _IMPACTS.get(rule.severity.lower(), _IMPACTS["unknown"])
    weight = _weight(rule.weight)
    return min(10, max(1, base + (weight > usual_weight) - (weight < usual_weight)))


def category_of(rule: Rule, *, default: str) -> str:
    """By the words of the rule's id, then of its groups' ids and titles from the innermost out; the first that says something."""
    groups = (text for group_id, title in reversed(rule.groups) for text in (short_id(group_id), title))
    return category_of_words(short_id(rule.id), *groups, default=default)


def short_id(text: str) -> str:
    """sshd_disable_root_login from xccdf_org.ssgproject.content_rule_sshd_disable_root_login."""
    return _PREFIX.sub("", re.sub(r"^xccdf_[^_]+_value_", "", text))


def _subcategory(rule: Rule) -> str:
    titles: Iterable[str] = (title for _, title in reversed(rule.groups))
    return next((title for title in titles if title and not _SRG.match(title)), "")[:80]


def _fix(rule: Rule) -> str:
    """Prose where there is some, else the plainest script."""
    if rule.fixtext:
        return rule.fixtext
    for wanted in _FIX_ORDER:
        found = next((text for system, text in rule.fixes.items() if wanted in system and text), "")
        if found:
            return found
    return ""


def _weight(text: str) -> float:
    try:
        return float(text or 1)
    except ValueError:
        return 1.0
