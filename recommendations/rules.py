"""The scoring model, pure. docs/algorithms/scoring.md states it in words; `sql/` computes it over sets.

Every function takes what it needs and returns numbers: no database, no clock. `f(H) = H / (H + K)` throughout.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from recommendations.records import (
    ExceptedWeakness,
    Fleet,
    FleetMachine,
    FleetVersion,
    MachineHazard,
    Match,
    Points,
    ScoredWeakness,
    Sums,
    Weights,
)

SEVERITY_OF_WORD = {4: 0.95, 3: 0.75, 2: 0.5, 1: 0.25}
UNRATED = 0.5  # nobody has rated it yet: as medium, so that an attacked newcomer is not worth nothing
LEVEL_NONE, LEVEL_LOW, LEVEL_MEDIUM, LEVEL_HIGH = range(4)


def severity(weakness: ScoredWeakness) -> float:
    """s: CVSS / 10, else by the word, 0 to 1."""
    if weakness.cvss is not None:
        return weakness.cvss / 10
    return SEVERITY_OF_WORD.get(weakness.severity, UNRATED)


def threat(weakness: ScoredWeakness, weights: Weights) -> float:
    """t: the larger of EPSS and the floor that the evidence sets, 0 to 1."""
    return max(weakness.epss, _floor(weakness, weights))


def counts(weakness: ScoredWeakness, weights: Weights) -> bool:
    """Whether a weakness that has no fix is counted, and gets an Attention recommendation."""
    if weights.no_fix_counts == "exploited":
        return weakness.exploited or weakness.alerted or weakness.exploit > 0
    return weights.no_fix_counts == "always"


def recommendation_of(version: FleetVersion, match: Match, weakness: ScoredWeakness, weights: Weights) -> str | None:
    """The key of the one recommendation that removes this weakness from this version. None: none does, and it is not counted."""
    key = f"va-_-{version.software}"
    if version.ended:
        return key
    if not match.fixed:
        return f"{key}-_-attention" if counts(weakness, weights) else None
    if version.line_ended or match.other_line:
        return f"{key}-_-upgrade"
    return key


def version_scores(
    fleet: Fleet, version: FleetVersion, weights: Weights, excepted: Collection[ExceptedWeakness] = ()
) -> dict[str, tuple[float, float]]:
    """Peak and sum of severity x threat by recommendation. Out of support without a weakness: listed with 0. Without what is `excepted`."""
    found: dict[str, tuple[float, float]] = {}
    if version.ended:
        found[f"va-_-{version.software}"] = (0.0, 0.0)
    elif version.line_ended:
        found[f"va-_-{version.software}-_-upgrade"] = (0.0, 0.0)
    for cve, match in version.matches.items():
        weakness = fleet.weaknesses[cve]
        key = recommendation_of(version, match, weakness, weights)
        if key is not None and not any(x.weakness == cve and x.software in (None, version.software) for x in excepted):
            risk = severity(weakness) * threat(weakness, weights)
            peak, total = found.get(key, (0.0, 0.0))
            found[key] = (max(peak, risk), total + risk)
    return found


def pass_share(machine: FleetMachine, fleet: Fleet, passed: Collection[str] = ()) -> float | None:
    """Share of applicable checks that pass, weighted by impact; `passed` are taken as passing. None: nothing checked."""
    total = sum(fleet.checks[check].impact for check in machine.checks)
    if not total:
        return None
    return sum(fleet.checks[check].impact for check, ok in machine.checks.items() if ok or check in passed) / total


def likelihood(*, alerted: bool, internet_facing: bool, share: float | None, weights: Weights) -> float:
    """b: 1 with an active alert, else from exposure to the internet and failing checks."""
    if alerted:
        return 1.0
    failing = 1 - (weights.pass_unknown if share is None else share)
    return weights.likelihood_base + weights.likelihood_internet * internet_facing + weights.likelihood_checks * failing


def base_hazard(scores: Iterable[tuple[float, float]], weights: Weights) -> float:
    """h before the machine's likelihood, from (peak, sum) of its versions that one recommendation covers."""
    listed = list(scores)
    return weights.peak_share * max(peak for peak, _ in listed) + weights.sum_share * sum(total for _, total in listed)


def saturate(hazard: float, weights: Weights) -> float:
    """f(H) = H / (H + K)."""
    return hazard / (hazard + weights.half_hazard)


def level(score: float, *, exposed: bool, exploit: int, exploited: bool, alerted: bool, weights: Weights) -> int:
    """A machine's label, 0 none to 3 high: the band of its score as shown, raised by exploits of its weaknesses and by active alerts."""
    if not exposed:
        return LEVEL_NONE
    shown = round(score)
    if shown >= weights.band_high or exploited or alerted:
        return LEVEL_HIGH
    return LEVEL_MEDIUM if shown >= weights.band_medium or exploit else LEVEL_LOW


def value_weight(value: int, weights: Weights) -> float:
    """w by device value."""
    return (weights.value_low, weights.value_normal, weights.value_high)[value]


def machine_hazard(
    machine: FleetMachine, fleet: Fleet, weights: Weights, done: Collection[str] = (), excepted: Collection[ExceptedWeakness] = ()
) -> MachineHazard:
    """One machine, with the recommendations of `done` taken as carried out, and the weaknesses of `excepted` as not there."""
    found: dict[str, list[tuple[float, float]]] = {}
    for name in sorted(machine.versions):
        for key, scores in version_scores(fleet, fleet.versions[name], weights, excepted).items():
            if key not in done:
                found.setdefault(key, []).append(scores)
    bases = {key: base_hazard(scores, weights) for key, scores in found.items()}
    passed = {check for check in machine.checks if check_key(check) in done}
    chance = likelihood(
        alerted=machine.alerted, internet_facing=machine.internet_facing, share=pass_share(machine, fleet, passed), weights=weights
    )
    score = 100 * saturate(chance * sum(bases.values()), weights)
    exploit, exploited = _worst(machine, fleet, weights, done)
    label = level(score, exposed=bool(bases), exploit=exploit, exploited=exploited, alerted=machine.alerted, weights=weights)
    return MachineHazard(weight=value_weight(machine.value, weights), likelihood=chance, bases=bases, score=score, level=label)


def organisation_score(fleet: Fleet, weights: Weights, done: Collection[str] = (), *, after: bool = False) -> float:
    """S, 0 to below 100. `done`: as if these were carried out everywhere; `after`: with what mitigating exceptions cover taken out."""
    weight = exposure = 0.0
    for machine in fleet.machines.values():
        if machine.active:
            covered = mitigated(fleet, machine) if after else frozenset()
            excepted = excepted_on(fleet, machine) if after else ()
            computed = machine_hazard(machine, fleet, weights, {*done, *covered}, excepted)
            weight += computed.weight
            exposure += computed.weight * saturate(computed.hazard, weights)
    return 100 * exposure / weight if weight else 0.0


def mitigated(fleet: Fleet, machine: FleetMachine) -> frozenset[str]:
    """Recommendations that a mitigating exception takes out of this machine's sums."""
    return frozenset(e.recommendation for e in fleet.effects if e.mitigates and e.group in (None, machine.group))


def excepted_on(fleet: Fleet, machine: FleetMachine) -> tuple[ExceptedWeakness, ...]:
    """Weaknesses that an exception takes out of this machine's sums."""
    return tuple(x for x in fleet.excepted if x.group in (None, machine.group))


def exposed_after(fleet: Fleet, weights: Weights, key: str) -> int:
    """Active machines that need a recommendation after exceptions."""
    return sum(
        machine.active
        and key not in mitigated(fleet, machine)
        and (
            _needs(machine, fleet, weights, key)
            if key.startswith("sca-_-")
            else key in machine_hazard(machine, fleet, weights, (), excepted_on(fleet, machine)).bases
        )
        for machine in fleet.machines.values()
    )


def recommendations(fleet: Fleet, weights: Weights) -> set[str]:
    """Keys of every recommendation that some active machine needs."""
    found: set[str] = set()
    for machine in fleet.machines.values():
        if machine.active:
            found |= machine_hazard(machine, fleet, weights).bases.keys()
            found |= {check_key(check) for check, ok in machine.checks.items() if not ok}
    return found


def impact(fleet: Fleet, weights: Weights, done: Collection[str], *, after: bool = False) -> float:
    """I: the exact drop of S, in points, when all of `done` are carried out everywhere now. Never a sum of single impacts."""
    return organisation_score(fleet, weights, after=after) - organisation_score(fleet, weights, done, after=after)


def sums(fleet: Fleet, weights: Weights, key: str) -> Sums:
    """What RecommendationStat keeps for one recommendation, over all active machines."""
    total = Sums(0, 0.0, 0.0, 0.0, 0.0)
    for machine in fleet.machines.values():
        if machine.active and _needs(machine, fleet, weights, key):
            total = _add(total, machine, fleet, weights, key)
    return total


def check_key(check: str) -> str:
    return f"sca-_-{check}"


def configuration_points(fleet: Fleet, category: str | None = None) -> Points:
    """Points = sum of impact x compliant / applicable; maximum = sum of impact, over checks that apply anywhere."""
    points = maximum = 0.0
    for name, check in fleet.checks.items():
        applicable, failing = _results(fleet, name)
        if applicable and category in (None, check.category):
            points += check.impact * (applicable - failing) / applicable
            maximum += check.impact
    return Points(points, maximum)


def gain(impact_of_check: int, failing: int, applicable: int) -> float:
    """Points that the configuration score wins when the check passes everywhere."""
    return impact_of_check * failing / applicable if applicable else 0.0


def trend(series: Sequence[float]) -> str:
    """rising, falling or flat: the last point against the first. One machine is enough to tip it."""
    if len(series) < 2 or series[0] == series[-1]:
        return "flat"
    return "rising" if series[-1] > series[0] else "falling"


def resurfaces(*, granted: float, now: float, growth: float = 0.5, least: float = 1.0) -> bool:
    """Whether an excepted recommendation's plain impact outgrew what was accepted: by half, and at least a point."""
    return now - granted >= max(least, growth * granted)


def _floor(weakness: ScoredWeakness, weights: Weights) -> float:
    if weakness.exploited or weakness.alerted:
        return weights.floor_exploited
    return (weights.floor_any, weights.floor_public, weights.floor_verified, weights.floor_kit)[weakness.exploit]


def _worst(machine: FleetMachine, fleet: Fleet, weights: Weights, done: Collection[str]) -> tuple[int, bool]:
    """The highest exploit level, and whether any is exploited, among the counted weaknesses of a machine."""
    exploit, exploited = 0, False
    for name in machine.versions:
        version = fleet.versions[name]
        for cve, match in version.matches.items():
            weakness = fleet.weaknesses[cve]
            key = recommendation_of(version, match, weakness, weights)
            if key is not None and key not in done:
                exploit, exploited = max(exploit, weakness.exploit), exploited or weakness.exploited
    return exploit, exploited


def _needs(machine: FleetMachine, fleet: Fleet, weights: Weights, key: str) -> bool:
    if key.startswith("sca-_-"):
        return machine.checks.get(key.removeprefix("sca-_-"), True) is False
    return key in machine_hazard(machine, fleet, weights).bases


def _add(total: Sums, machine: FleetMachine, fleet: Fleet, weights: Weights, key: str) -> Sums:
    now = machine_hazard(machine, fleet, weights)
    then = machine_hazard(machine, fleet, weights, {key})
    drop = saturate(now.hazard, weights) - saturate(then.hazard, weights)
    return Sums(
        exposed=total.exposed + 1,
        weight=total.weight + now.weight,
        base=total.base + now.weight * now.bases.get(key, sum(now.bases.values())),
        hazard=total.hazard + now.weight * (now.hazard - then.hazard),
        impact=total.impact + now.weight * drop,
    )


def _results(fleet: Fleet, check: str) -> tuple[int, int]:
    results = [machine.checks[check] for machine in fleet.machines.values() if machine.active and check in machine.checks]
    return len(results), results.count(False)
