"""Why a recommendation ranks where it does, and why the score moved. Pure, like `rules.py`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise
from math import floor, log10

from recommendations.records import Delta, Fleet, FleetMachine, Sums, Term, Weights
from recommendations.rules import organisation_score


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


def explain_change(before: Fleet, after: Fleet, weights: Weights) -> Delta:
    """Split the change of the score (after exceptions) by cause: one factor at a time, in this order."""
    stages = list(_stages(before, after))
    scores = [organisation_score(fleet, weights, after=True) for fleet in stages]
    return Delta(*(then - earlier for earlier, then in pairwise(scores)))


def _stages(before: Fleet, after: Fleet) -> Iterable[Fleet]:
    """Seven fleets from `before` to `after`, each with one more factor taken from `after`."""
    # What only one side knows cannot be compared: it takes its facts from the side that knows it.
    known = replace(
        before,
        weaknesses={**after.weaknesses, **before.weaknesses},
        versions={**after.versions, **before.versions},
        checks={**after.checks, **before.checks},
    )
    yield known
    found = replace(
        known,
        versions={**before.versions, **after.versions},
        machines=_take(before, after, lambda old, new: replace(old, versions=new.versions)),
    )
    yield found
    learnt = replace(found, weaknesses={**before.weaknesses, **after.weaknesses})
    yield learnt
    set_up = replace(
        learnt,
        checks={**before.checks, **after.checks},
        machines=_take(
            learnt,
            after,
            lambda old, new: replace(old, checks=new.checks, internet_facing=new.internet_facing, alerted=new.alerted),
        ),
    )
    yield set_up
    peopled = replace(set_up, machines=_populate(set_up.machines, after.machines))
    yield peopled
    valued = replace(peopled, machines=_take(peopled, after, lambda old, new: replace(old, value=new.value)))
    yield valued
    yield replace(valued, machines=after.machines, effects=after.effects)


def _take(current: Fleet, after: Fleet, change: Callable[[FleetMachine, FleetMachine], FleetMachine]) -> dict[str, FleetMachine]:
    """The machines of `current`; those that `after` has too are changed by what it says of them."""
    return {
        name: change(machine, after.machines[name]) if name in after.machines else machine for name, machine in current.machines.items()
    }


def _populate(current: Mapping[str, FleetMachine], after: Mapping[str, FleetMachine]) -> dict[str, FleetMachine]:
    """The machines of `after`: newcomers as they are, the others as they were but for being active."""
    return {
        name: replace(current[name], active=machine.active, group=machine.group) if name in current else machine
        for name, machine in after.items()
    }


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
