"""A fleet as the scoring model sees it: what `rules.py` computes from, without a database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Weights:
    """The numbers of the model; the fields are those of ScoringSettings."""

    floor_exploited: float = 1.0
    floor_kit: float = 0.8
    floor_verified: float = 0.6
    floor_public: float = 0.3
    floor_any: float = 0.01
    peak_share: float = 0.9
    sum_share: float = 0.1
    likelihood_base: float = 0.5
    likelihood_internet: float = 0.25
    likelihood_checks: float = 0.25
    pass_unknown: float = 0.5
    half_hazard: float = 1.0
    value_low: float = 0.5
    value_normal: float = 1.0
    value_high: float = 3.0
    band_medium: float = 30.0
    band_high: float = 70.0
    no_fix_counts: str = "exploited"  # always, exploited, never


@dataclass(frozen=True, slots=True)
class ScoredWeakness:
    """What the world knows of a weakness. `severity`: 0 none to 4 critical; `exploit`: 0 none to 3 in a kit."""

    cvss: float | None = None
    severity: int = 0
    epss: float = 0.0
    exploit: int = 0
    exploited: bool = False
    alerted: bool = False  # an open alert names it


@dataclass(frozen=True, slots=True)
class Match:
    """Why a version has a weakness counts here only by its remedy."""

    fixed: bool = True
    other_line: bool = False  # the fix is in another release line


@dataclass(frozen=True, slots=True)
class FleetVersion:
    """`ended`: support of the whole software is over. `line_ended`: only that of this version's release line."""

    software: str
    ended: bool = False
    line_ended: bool = False
    matches: Mapping[str, Match] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FleetMachine:
    """`value`: 0 low, 1 normal, 2 high. `checks`: every applicable check, passed or not. `active`: seen lately, not excluded."""

    group: str = "default"
    value: int = 1
    internet_facing: bool = False
    alerted: bool = False
    active: bool = True
    versions: frozenset[str] = frozenset()
    checks: Mapping[str, bool] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FleetCheck:
    impact: int = 5
    category: str = "os"


@dataclass(frozen=True, slots=True)
class Effect:
    """An exception in effect. `group` None: every machine."""

    recommendation: str
    group: str | None = None
    mitigates: bool = False


@dataclass(frozen=True, slots=True)
class ExceptedWeakness:
    """An exception in effect for one weakness. `software` None: of every product; `group` None: on every machine."""

    weakness: str
    software: str | None = None
    group: str | None = None


@dataclass(frozen=True, slots=True)
class Fleet:
    machines: Mapping[str, FleetMachine] = field(default_factory=dict)
    versions: Mapping[str, FleetVersion] = field(default_factory=dict)
    weaknesses: Mapping[str, ScoredWeakness] = field(default_factory=dict)
    checks: Mapping[str, FleetCheck] = field(default_factory=dict)
    effects: tuple[Effect, ...] = ()
    excepted: tuple[ExceptedWeakness, ...] = ()


@dataclass(frozen=True, slots=True)
class MachineHazard:
    """One machine computed: `bases` are the hazards of its recommendations before its likelihood."""

    weight: float
    likelihood: float
    bases: Mapping[str, float]
    score: float  # 100 E
    level: int

    @property
    def hazard(self) -> float:
        return self.likelihood * sum(self.bases.values())


@dataclass(frozen=True, slots=True)
class Sums:
    """Sums of a recommendation over machines, as RecommendationStat keeps them."""

    exposed: int
    weight: float
    base: float
    hazard: float
    impact: float


@dataclass(frozen=True, slots=True)
class Term:
    """A factor of an impact. `percent`: written as a share of 100."""

    name: str
    value: float
    percent: bool = False


@dataclass(frozen=True, slots=True)
class Points:
    """Configuration points: reached and reachable."""

    points: float = 0.0
    maximum: float = 0.0

    @property
    def share(self) -> float | None:
        """None where nothing was checked."""
        return self.points / self.maximum if self.maximum else None


@dataclass(frozen=True, slots=True)
class Delta:
    """Why the score moved, in points. The parts add up to the change."""

    found: float
    fixed: float
    intelligence: float
    configuration: float
    population: float
    value: float
    exceptions: float
    settings: float = 0.0
