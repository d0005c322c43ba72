"""Why attackers, machines and benchmarks speak for a recommendation, in a few lines: what stands behind its three marks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from recommendations import detail_queries, threat_queries
from recommendations.models import Recommendation

MOST_PROOFS = 5
MOST_THREATS = 4


@dataclass(frozen=True, slots=True)
class Insights:
    """`alerts`: exposed machines with an open one. `compliant`, `applicable`, `benchmarks`: of a configuration check."""

    recommendation: Recommendation
    alerts: int
    exploited: int
    weaknesses: int
    proofs: tuple[threat_queries.Proof, ...]
    threats: tuple[threat_queries.Threat, ...]
    more_threats: int
    compliant: int
    applicable: int
    benchmarks: tuple[str, ...]

    @property
    def threatening(self) -> bool:
        return bool(self.recommendation.exploit or self.recommendation.exploited or self.threats)

    @property
    def advising(self) -> bool:
        return self.recommendation.configuration_id is not None and bool(self.applicable)


def insights(recommendation: Recommendation, *, groups: Sequence[int]) -> Insights:
    """What is known, as the machines of the chosen groups have it."""
    figures = detail_queries.figures_of(recommendation, groups=groups)
    addressed = detail_queries.weaknesses_of(recommendation, limit=MOST_PROOFS)
    threats = threat_queries.insights(addressed.named).threats
    check = recommendation.configuration
    return Insights(
        recommendation=recommendation,
        alerts=figures.alerts,
        exploited=addressed.exploited,
        weaknesses=addressed.total,
        proofs=threat_queries.proofs([row.cve for row in addressed.rows if row.exploited or row.exploit]),
        threats=threats[:MOST_THREATS],
        more_threats=max(len(threats) - MOST_THREATS, 0),
        compliant=figures.installed - figures.exposed,
        applicable=figures.installed if check else 0,
        benchmarks=tuple(check.benchmarks) if check else (),
    )
