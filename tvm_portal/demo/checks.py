"""The demo's configuration checks, and which machine passes which on a day. Pure but for reading `checks.tsv`."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
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

    def passes_from(self, machine: DemoMachine, *, seed: int) -> float:
        """The age (1: first day, 0: last) from which on the machine passes; below 0: never."""
        return (self.passing - share(seed, machine.name, self.external_id)) / IMPROVEMENT


def changed_results(fleet: Iterable[DemoMachine], *, age: float, before: float | None, seed: int) -> Iterator[tuple[str, str, bool]]:
    """Results at `age` that differ from those at `before` (None: all of them)."""
    for machine in fleet:
        for check in catalogue():
            if check.applies_to(machine):
                turn = check.passes_from(machine, seed=seed)
                if before is None or age < turn <= before:
                    yield machine.external_id, check.external_id, age < turn


@cache
def catalogue() -> tuple[Check, ...]:
    lines = (Path(__file__).parent / "checks.tsv").read_text().splitlines()
    rows = csv.reader((line for line in lines if not line.startswith("#")), delimiter="\t")
    return tuple(
        Check(
            key, category, sub, int(impact), tuple(families.split(",")), int(passing) / 100, name, risk, fix, tuple(marks.split(",")), user
        )
        for key, category, sub, impact, families, passing, name, risk, fix, marks, user in rows
    )
