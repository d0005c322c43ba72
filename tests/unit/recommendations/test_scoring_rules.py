"""The scoring model by example: its calibration, floors, levels, points, and the terms that are printed."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recommendations import explanations, rules
from recommendations.records import Fleet, FleetCheck, FleetMachine, FleetVersion, Match, ScoredWeakness, Sums, Weights

WEIGHTS = Weights()
KEV = ScoredWeakness(cvss=9.8, exploited=True)
VERIFIED = ScoredWeakness(cvss=8.8, exploit=2)
MEDIUM = ScoredWeakness(cvss=5.0, epss=0.01)


def machine_score(weakness: ScoredWeakness, count: int, *, products: int, internet_facing: bool = False) -> float:
    """The score of one machine with `count` such weaknesses spread over `products`. All its checks pass, so that b is 0.5 or 0.75."""
    versions: dict[str, FleetVersion] = {}
    for product in range(products):
        matches = {f"CVE-{n}": Match() for n in range(count) if n % products == product}
        versions[f"x{product}"] = FleetVersion(f"p{product}", matches=matches)
    fleet = Fleet(
        machines={"m": FleetMachine(versions=frozenset(versions), internet_facing=internet_facing, checks={"scid-1": True})},
        versions=versions,
        weaknesses={f"CVE-{n}": weakness for n in range(count)},
        checks={"scid-1": FleetCheck()},
    )
    return rules.organisation_score(fleet, WEIGHTS)


class TestCalibration:
    def test_one_exploited_critical_at_b_075(self) -> None:
        assert machine_score(KEV, 1, products=1, internet_facing=True) == pytest.approx(42, abs=0.5)

    def test_three_exploited_criticals_at_b_075(self) -> None:
        assert machine_score(KEV, 3, products=3, internet_facing=True) == pytest.approx(69, abs=0.5)

    def test_one_verified_high_at_b_05(self) -> None:
        assert machine_score(VERIFIED, 1, products=1) == pytest.approx(21, abs=0.5)

    def test_one_medium_at_b_05(self) -> None:
        assert machine_score(MEDIUM, 1, products=1) == pytest.approx(0.25, abs=0.005)

    def test_a_hundred_mediums_in_one_product(self) -> None:
        assert machine_score(MEDIUM, 100, products=1) == pytest.approx(2.7, abs=0.05)


@pytest.mark.parametrize(
    ("weakness", "expected"),
    [
        (ScoredWeakness(), 0.01),
        (ScoredWeakness(epss=0.005), 0.01),
        (ScoredWeakness(epss=0.4), 0.4),
        (ScoredWeakness(exploit=1), 0.3),
        (ScoredWeakness(exploit=1, epss=0.9), 0.9),
        (ScoredWeakness(exploit=2), 0.6),
        (ScoredWeakness(exploit=3), 0.8),
        (ScoredWeakness(exploited=True), 1.0),
        (ScoredWeakness(alerted=True), 1.0),
    ],
)
def test_threat_is_epss_or_the_floor_of_the_evidence(weakness: ScoredWeakness, expected: float) -> None:
    assert rules.threat(weakness, WEIGHTS) == expected


@pytest.mark.parametrize(
    ("cvss", "word", "expected"),
    [(9.8, 1, 0.98), (0.0, 4, 0.0), (None, 4, 0.95), (None, 3, 0.75), (None, 2, 0.5), (None, 1, 0.25), (None, 0, 0.5)],
)
def test_severity_is_the_base_score_else_the_word(cvss: float | None, word: int, expected: float) -> None:
    assert rules.severity(ScoredWeakness(cvss=cvss, severity=word)) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("version", "match", "weakness", "counting", "expected"),
    [
        (FleetVersion("a"), Match(), MEDIUM, "exploited", "va-_-a"),
        (FleetVersion("a", ended=True), Match(fixed=False), MEDIUM, "never", "va-_-a"),
        (FleetVersion("a", line_ended=True), Match(), MEDIUM, "exploited", "va-_-a-_-upgrade"),
        (FleetVersion("a"), Match(other_line=True), MEDIUM, "exploited", "va-_-a-_-upgrade"),
        (FleetVersion("a"), Match(fixed=False), MEDIUM, "exploited", None),
        (FleetVersion("a"), Match(fixed=False), MEDIUM, "always", "va-_-a-_-attention"),
        (FleetVersion("a"), Match(fixed=False), KEV, "exploited", "va-_-a-_-attention"),
        (FleetVersion("a"), Match(fixed=False), KEV, "never", None),
        (FleetVersion("a", line_ended=True), Match(fixed=False), KEV, "exploited", "va-_-a-_-attention"),
    ],
)
def test_every_match_belongs_to_one_recommendation(
    version: FleetVersion, match: Match, weakness: ScoredWeakness, counting: str, expected: str | None
) -> None:
    assert rules.recommendation_of(version, match, weakness, Weights(no_fix_counts=counting)) == expected


@pytest.mark.parametrize(
    ("score", "exposed", "exploit", "exploited", "alerted", "expected"),
    [
        (0.0, False, 0, False, True, rules.LEVEL_NONE),
        (0.0, True, 0, False, False, rules.LEVEL_LOW),
        (29.4, True, 0, False, False, rules.LEVEL_LOW),
        (29.6, True, 0, False, False, rules.LEVEL_MEDIUM),
        (69.6, True, 0, False, False, rules.LEVEL_HIGH),
        (1.0, True, 1, False, False, rules.LEVEL_MEDIUM),
        (1.0, True, 0, True, False, rules.LEVEL_HIGH),
        (1.0, True, 0, False, True, rules.LEVEL_HIGH),
    ],
)
def test_level_is_the_band_raised_by_exploits_and_alerts(
    score: float, exposed: bool, exploit: int, exploited: bool, alerted: bool, expected: int
) -> None:
    found = rules.level(score, exposed=exposed, exploit=exploit, exploited=exploited, alerted=alerted, weights=WEIGHTS)
    assert found == expected


def test_configuration_points_leave_out_what_does_not_apply() -> None:
    checks = {"scid-1": FleetCheck(9, "network"), "scid-2": FleetCheck(8, "os"), "scid-3": FleetCheck(5, "os")}
    machines = {f"m{n}": FleetMachine(checks={"scid-1": False, "scid-2": n > 0}) for n in range(50)}
    fleet = Fleet(machines=machines, checks=checks)
    assert rules.gain(9, failing=50, applicable=50) == 9
    assert rules.gain(8, failing=49, applicable=50) == pytest.approx(7.84)
    total, system = rules.configuration_points(fleet), rules.configuration_points(fleet, "os")
    assert total.points == system.points == pytest.approx(7.84)
    assert (total.maximum, system.maximum) == (17, 8)
    assert rules.configuration_points(fleet, "accounts").share is None


@pytest.mark.parametrize(
    ("series", "expected"), [((), "flat"), ((3,), "flat"), ((3, 9, 3), "flat"), ((3, 1, 4), "rising"), ((3, 9, 2), "falling")]
)
def test_one_machine_tips_the_trend(series: tuple[float, ...], expected: str) -> None:
    assert rules.trend(series) == expected


@pytest.mark.parametrize(
    ("granted", "now", "expected"), [(0.2, 1.1, False), (0.2, 1.3, True), (4.0, 5.9, False), (4.0, 6.0, True), (4.0, 2.0, False)]
)
def test_an_exception_resurfaces_when_its_impact_outgrows_it(granted: float, now: float, expected: bool) -> None:
    assert rules.resurfaces(granted=granted, now=now) is expected


positive = st.floats(1e-4, 1e5)
shares = st.floats(0.01, 1.0)


@given(weight=positive, total=shares, top_severity=shares, top_threat=shares, base=positive, likelihood=shares, room=st.floats(1e-3, 1.0))
def test_terms_multiply_to_the_impact_and_so_do_the_printed_ones(
    weight: float, total: float, top_severity: float, top_threat: float, base: float, likelihood: float, room: float
) -> None:
    stat = Sums(exposed=1, weight=weight, base=base, hazard=base * likelihood, impact=base * likelihood * room)
    total_weight = weight / total
    expected = 100 * stat.impact / total_weight
    software = explanations.software_terms(stat, total_weight=total_weight, top_severity=top_severity, top_threat=top_threat)
    configuration = explanations.configuration_terms(stat, total_weight=total_weight)
    for terms in (software, configuration):
        assert explanations.product(terms) == pytest.approx(expected, rel=1e-9)
        shown = Decimal(1)
        for term, text in zip(terms, explanations.printed_terms(terms), strict=True):
            shown *= text / 100 if term.percent else text
        printed = explanations.printed(explanations.product(terms))
        assert shown.quantize(printed) == printed


def test_terms_as_on_the_page() -> None:
    stat = Sums(exposed=412, weight=412.0, base=412 * 0.9768, hazard=412 * 0.9768 * 0.68, impact=412 * 0.9768 * 0.68 * 0.271)
    terms = explanations.software_terms(stat, total_weight=1000.0, top_severity=0.88, top_threat=1.0)
    assert [str(term) for term in explanations.printed_terms(terms)] == ["0.88", "1.00", "0.68", "1.11", "41.2", "27.1"]
    assert str(explanations.printed(explanations.product(terms))) == "7.42"


def test_nothing_to_gain_prints_zero() -> None:
    terms = explanations.software_terms(Sums(3, 3.0, 0.0, 0.0, 0.0), total_weight=10.0, top_severity=0.0, top_threat=0.0)
    assert explanations.product(terms) == 0
    assert str(explanations.printed(0.0)) == "0.00"
