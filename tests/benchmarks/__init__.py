"""Benchmarks: each module has `run(scale) -> list[Row]`, measured against a floor of the same run."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """One measured figure. `ratio` is value / floor, which a faster or slower machine leaves alone; `goal` is its upper bound."""

    name: str
    scale: int
    value: float
    unit: str
    floor: float
    ratio: float
    goal: float
