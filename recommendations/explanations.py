"""Why a recommendation ranks where it does, and why the score moved. Pure, like `rules.py`."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import pairwise
from math import floor, log10

from recommendations.records import Delta, Fleet, FleetMachine, Sums, Term, Weights
from recommendations.rules import check_key, likelihood, machine_hazard, mitigated, pass_share, saturate, value_weight

NOTHING = 1e-9  # a sum of weights below this is none: rounding left it


def software_terms(stat: Sums, *, total_weight: float, top_severity: float, top_threat: float) -> tuple[Term, ...]:
    """Why a software recommendation ranks where it does. The product is the impact in points.

    likelihood: mean b; breadth: how much worse than its one worst weakness; reach: share of the fleet's
    weight; room: points that a unit of hazard is worth on these machines (f is steepest where little else is wrong).
    """
    risk = top_severity * top_threat
    return (
        Term("severity", top_severity),
        Term("threat", top_threat),
        Term("likelihood", _ratio(stat.hazard, stat.base)),
        Term("breadth", _ratio(stat.base, stat.weight * risk)),
        Term("reach", _ratio(stat.weight, total_weight), percent=True),
        Term("room", _ratio(100 * stat.impact, stat.hazard)),
    )


def configuration_terms(stat: Sums, *, total_weight: float) -> tuple[Term, ...]:
    """The same for a check: how far b falls, on how much hazard, for what share of the fleet. The product is the impact."""
    return (
        Term("likelihood drop", _ratio(stat.hazard, stat.base)),
        Term("hazard at stake", _ratio(stat.base, stat.weight)),
        Term("reach", _ratio(stat.weight, total_weight), percent=True),
        Term("room", _ratio(100 * stat.impact, stat.hazard)),
    )


def product(terms: Iterable[Term]) -> float:
    """What the terms multiply to: the impact in points."""
    value = 1.0
    for term in terms:
        value *= term.value
    return value


def printed(impact_points: float) -> Decimal:
    """An impact as it is written: two decimals, and below a tenth two significant digits."""
    return _rounded(impact_points, max(2, 1 - _magnitude(impact_points)) if impact_points else 2)


def printed_terms(terms: Sequence[Term]) -> tuple[Decimal, ...]:
    """The terms as they are written, in order; a percent term is times 100.

    The last term takes up the rounding of the others, with as many decimals as it needs for the product of
    the written terms to round to the written impact.
    """
    written = [_written(100 * term.value if term.percent else term.value) for term in terms]
    impact_points = product(terms)
    if not impact_points:
        return tuple(written)
    target, rest = printed(impact_points), Decimal(1)
    for value, term in zip(written[:-1], terms, strict=False):
        rest *= value / 100 if term.percent else value
    fewest = _decimals(terms[-1].value)
    candidates = (_rounded(float(target / rest), decimals) for decimals in range(fewest, fewest + 12))
    last = next(value for value in candidates if (rest * value).quantize(target) == target)
    return (*written[:-1], last)


def explain_change(
    before: Fleet,
    after: Fleet,
    weights: Weights,
    *,
    weights_after: Weights | None = None,
    groups: Collection[str] | None = None,
    excepted: bool = True,
) -> Delta:
    """Split the change of the score by cause: one factor at a time, in this order.

    `groups`: of the machines that are in them at each stage; `excepted`: of the score after exceptions.
    """
    states = [_sums(stage, groups, excepted=excepted) for stage in _stages(before, after, weights, weights_after or weights)]
    scores = [100 * exposure / weight if weight else 0.0 for weight, exposure in states]
    return Delta(*(then - earlier for earlier, then in pairwise(scores)))


def points_of(weight: float, exposure: float, changes: Iterable[tuple[float, float]]) -> tuple[float, ...]:
    """What each change of (sum w, sum w E) does to the score, in points, one after the other from these sums on."""
    scores = [100 * exposure / weight if weight else 0.0]
    for more_weight, more_exposure in changes:
        weight, exposure = weight + more_weight, exposure + more_exposure
        scores.append(100 * exposure / weight if weight > NOTHING else 0.0)
    return tuple(then - earlier for earlier, then in pairwise(scores))


@dataclass(frozen=True, slots=True)
class _State:
    """One machine at one stage. `hazards`: before its likelihood, by recommendation."""

    machine: FleetMachine
    fleet: Fleet
    hazards: Mapping[str, float]
    weights: Weights

    def exposure(self, *, excepted: bool) -> float:
        """E, by what it has of `hazards`."""
        covered = mitigated(self.fleet, self.machine) if excepted else frozenset()
        share = pass_share(self.machine, self.fleet, {check for check in self.machine.checks if check_key(check) in covered})
        chance = likelihood(alerted=self.machine.alerted, internet_facing=self.machine.internet_facing, share=share, weights=self.weights)
        return saturate(chance * sum(hazard for key, hazard in self.hazards.items() if key not in covered), self.weights)


Stage = Mapping[str, _State]


def _stages(before: Fleet, after: Fleet, old: Weights, new: Weights) -> Iterable[Stage]:
    """Nine fleets from `before` to `after`, each with one more factor taken from `after`. A machine that comes or goes does so as a whole.

    What a machine has more of in one recommendation was found, what it has less of fixed.
    """
    facts = _as_known(before, after)
    stayed = {
        name for name, machine in before.machines.items() if machine.active and name in after.machines and after.machines[name].active
    }
    left = {name: _state(machine, before, old) for name, machine in before.machines.items() if machine.active and name not in stayed}
    first = {name: _state(before.machines[name], before, old) for name in stayed}
    yield {**left, **first}
    contents = {name: replace(before.machines[name], versions=after.machines[name].versions) for name in stayed}
    known = {name: machine_hazard(contents[name], facts, old).bases for name in stayed}
    found = {name: {**state.hazards, **_higher(state.hazards, known[name])} for name, state in first.items()}
    yield {**left, **{name: replace(state, hazards=found[name]) for name, state in first.items()}}
    yield {**left, **{name: replace(state, hazards=known[name]) for name, state in first.items()}}
    learnt = {name: machine_hazard(contents[name], after, old).bases for name in stayed}
    yield {**left, **{name: replace(state, hazards=learnt[name]) for name, state in first.items()}}
    set_up = {name: replace(after.machines[name], value=before.machines[name].value, group=before.machines[name].group) for name in stayed}
    effects = replace(after, effects=before.effects)
    yield {**left, **{name: _state(machine, effects, old) for name, machine in set_up.items()}}
    present = {name: machine for name, machine in after.machines.items() if machine.active}
    peopled = {
        name: replace(machine, value=before.machines[name].value) if name in stayed else machine for name, machine in present.items()
    }
    yield {name: _state(machine, effects, old) for name, machine in peopled.items()}
    yield {name: _state(machine, effects, old) for name, machine in present.items()}
    yield {name: _state(machine, after, old) for name, machine in present.items()}
    yield {name: _state(machine, after, new) for name, machine in present.items()}


def _as_known(before: Fleet, after: Fleet) -> Fleet:
    """The fleet `after` with the facts of `before` of the weaknesses that a software had then; others are as they are now."""
    had = {(version.software, cve) for version in before.versions.values() for cve in version.matches}
    then = {f"{cve} then": facts for cve, facts in before.weaknesses.items()}
    versions = {
        name: replace(
            version,
            matches={f"{cve} then" if (version.software, cve) in had else cve: match for cve, match in version.matches.items()},
        )
        for name, version in after.versions.items()
    }
    return replace(after, versions=versions, weaknesses={**after.weaknesses, **then})


def _state(machine: FleetMachine, fleet: Fleet, weights: Weights) -> _State:
    return _State(machine, fleet, machine_hazard(machine, fleet, weights).bases, weights)


def _higher(before: Mapping[str, float], after: Mapping[str, float]) -> dict[str, float]:
    return {key: hazard for key, hazard in after.items() if hazard > before.get(key, 0.0)}


def _sums(stage: Stage, groups: Collection[str] | None, *, excepted: bool) -> tuple[float, float]:
    """sum w and sum w E of the machines in the groups."""
    chosen = [state for state in stage.values() if groups is None or state.machine.group in groups]
    weights = [value_weight(state.machine.value, state.weights) for state in chosen]
    return sum(weights), sum(weight * state.exposure(excepted=excepted) for weight, state in zip(weights, chosen, strict=True))


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


def _magnitude(value: float) -> int:
    """The power of ten of the first significant digit."""
    return floor(log10(abs(value)))


def _rounded(value: float, decimals: int) -> Decimal:
    return Decimal(repr(value)).quantize(Decimal(1).scaleb(-decimals))


def _decimals(value: float) -> int:
    """Two; one from ten on, and below a tenth enough for two significant digits."""
    magnitude = _magnitude(value) if value else 0
    return 1 if magnitude >= 1 else max(2, 1 - magnitude)


def _written(value: float) -> Decimal:
    return _rounded(value, _decimals(value))
