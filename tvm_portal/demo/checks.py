"""The demo's configuration checks, and which machine passes which on a day. Pure but for reading `checks.tsv`."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tvm_portal.demo.chance import share
from tvm_portal.demo.organisation import DemoMachine

IMPROVEMENT = 0.12  # more machines pass at the end than at the beginning


@dataclass(frozen=True, slots=True)
class Check:
    external_id: str
    category: str
    subcategory: str
    impact: int
    families: tuple[str, ...]
    passing: float
    name: str
    risk: str
    remediation: str
    benchmarks: tuple[str, ...]
    user_impact: str

    def applies_to(self, machine: DemoMachine) -> bool:
        return machine.family in self.families

    def passes(self, machine: DemoMachine, *, age: float, seed: int) -> bool:
        """`age`: 1 on the first day of the demo, 0 on the last."""
        return share(seed, machine.name, self.external_id) < self.passing - IMPROVEMENT * age


@cache
def catalogue() -> tuple[Check, ...]:
    lines = (Path(__file__).parent / "checks.tsv").read_text().splitlines()
    rows = csv.reader((line for line in lines if not line.startswith("#")), delimiter="\t")
    return tuple(
        Check(key, category, sub, int(impact), tuple(families.split(",")), int(passing) / 100, name, risk, fix, tuple(marks.split(",")), user)
        for key, category, sub, impact, families, passing, name, risk, fix, marks, user in rows
    )
