"""Benchmarks and test results out of an XCCDF or ARF document, as their elements come."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from inventory.sources import fields
from inventory.sources.frame import Limits
from inventory.sources.xccdf_checks import Benchmark, Rule
from inventory.sources.xml_moments import Moment

TEXTS = frozenset(
    {
        "title",
        "description",
        "rationale",
        "fixtext",
        "fix",
        "ident",
        "result",
        "target",
        "target-address",
        "fact",
        "set-value",
        "fqdn",
        "hostname",
    }
)
"""The elements whose text is read."""

MARKS = {"sub": "idref"}
"""A variable of the benchmark within a text."""

_IDENTS = 100


class TooMany(Exception):
    """More rules and results than the limit."""


@dataclass(slots=True)
class Result:
    """A rule-result: `verdict` is the text of its result."""

    rule_id: str
    verdict: str = ""
    idents: list[str] = field(default_factory=list)

    def end(self, name: str, text: str) -> None:
        if name == "result":
            self.verdict = text
        elif name == "ident" and len(self.idents) < _IDENTS:
            self.idents.append(text)


@dataclass(slots=True)
class Scan:
    """One TestResult. `facts`: the last part of a fact's name -> its value; `values`: a variable -> what the scan set it to."""

    benchmark_id: str
    target: str = ""
    facts: dict[str, str] = field(default_factory=dict)
    addresses: dict[str, None] = field(default_factory=dict)
    values: dict[str, str] = field(default_factory=dict)
    results: list[Result] = field(default_factory=list)
    family: str = ""

    def end(self, name: str, attributes: Mapping[str, str], text: str) -> None:
        idref = attributes.get("idref", "")
        if name == "benchmark":
            self.benchmark_id = attributes.get("id", "") or self.benchmark_id or attributes.get("href", "")
        elif name == "target":
            self.target = self.target or text
        elif name == "fact":
            self.facts.setdefault(attributes.get("name", "").rpartition(":")[2], text)
        elif name == "set-value":
            self.values[idref] = text
        elif name == "platform":
            self.family = self.family or _family(idref)
        elif name == "target-address" and (address := fields.address(text)) and len(self.addresses) < fields.ADDRESSES:
            self.addresses[address] = None


class Reader:
    """Takes the moments of a document. `complete` is for the caller to take back where the document ended early."""

    def __init__(self, limits: Limits) -> None:
        self.complete = True
        self.benchmarks: dict[str, Benchmark] = {}
        self.scans: list[Scan] = []
        self.asset_name = ""
        self._limits = limits
        self._records = 0
        self._benchmark: Benchmark | None = None
        self._groups: list[list[str]] = []
        self._rule: Rule | None = None
        self._scan: Scan | None = None
        self._result: Result | None = None

    def take(self, moment: Moment) -> None:
        """Raises TooMany."""
        name, parent = moment.path[-1], moment.path[-2] if len(moment.path) > 1 else ""
        if moment.text is None:
            self._begin(name, moment.attributes)
        elif self._scan is not None:
            self._end_in_scan(self._scan, name, parent, moment)
        elif self._benchmark is not None:
            self._end_in_benchmark(self._benchmark, name, parent, moment)
        elif name in {"fqdn", "hostname"}:
            self.asset_name = self.asset_name or moment.text.strip()

    def _begin(self, name: str, attributes: Mapping[str, str]) -> None:
        own_id = attributes.get("id", "")
        if name == "Benchmark":
            self._benchmark = self.benchmarks.setdefault(own_id, Benchmark(own_id))
        elif name == "TestResult":
            self._scan = Scan(self._benchmark.id if self._benchmark else "")
            self.scans.append(self._scan)
        elif name == "rule-result" and self._scan is not None:
            self._count()
            self._result = Result(attributes.get("idref", ""))
            self._scan.results.append(self._result)
        elif name == "Group" and self._benchmark is not None:
            self._groups.append([own_id, ""])
        elif name == "Rule" and self._benchmark is not None:
            self._count()
            groups = tuple((group_id, title) for group_id, title in self._groups)
            self._rule = Rule(own_id, attributes.get("severity", ""), attributes.get("weight", ""), groups)
            self._benchmark.rules[own_id] = self._rule

    def _count(self) -> None:
        self._records += 1
        if self._records > 2 * self._limits.records:  # a rule, and its result
            raise TooMany(f"more than {self._limits.records:,} rules")

    def _end_in_benchmark(self, benchmark: Benchmark, name: str, parent: str, moment: Moment) -> None:
        if name == "Benchmark":
            self._benchmark = None
        elif name == "Group" and self._groups:
            self._groups.pop()
        elif name == "Rule":
            self._rule = None
        elif parent == "Benchmark":
            benchmark.end(name, moment.attributes, (moment.text or "").strip())
        elif parent == "Group" and name == "title" and self._groups:
            self._groups[-1][1] = " ".join((moment.text or "").split())
        elif parent == "Rule" and self._rule is not None:
            self._rule.end(name, moment.attributes, (moment.text or "").strip())

    def _end_in_scan(self, scan: Scan, name: str, parent: str, moment: Moment) -> None:
        text = (moment.text or "").strip()
        if name == "TestResult":
            self._scan = None
        elif name == "rule-result":
            self._result = None
        elif parent == "rule-result" and self._result is not None:
            self._result.end(name, text)
        else:
            scan.end(name, moment.attributes, text)


def _family(cpe: str) -> str:
    """The family of an operating system's CPE; "" for anything else."""
    match = re.match(r"cpe:(?:/o|2\.3:o):([^:]+)", cpe)
    return {"microsoft": "windows", "apple": "macos"}.get(match[1], "linux") if match else ""
