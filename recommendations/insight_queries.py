"""Why attackers, machines and benchmarks speak for a recommendation, in a few lines: what stands behind its three marks."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from recommendations import detail_queries, threat_queries
from recommendations.models import Recommendation
from weaknesses.models import ExploitEvidence

MOST_PROOFS = 5
MOST_THREATS = 4
MOST_READ = 200
KEV = "https://www.cisa.gov/known-exploited-vulnerabilities-catalog?search_api_fulltext={cve}"
WILD = ExploitEvidence.Level.WILD


@dataclass(frozen=True, slots=True)
class Proof:
    """Exploitation of a weakness, or an exploit of it: the strongest that is listed. `address`: its page at the source, or empty."""

    cve: str
    level: int
    words: str
    source: str
    address: str
    day: dt.date | None
    ransomware: bool


@dataclass(frozen=True, slots=True)
class Insights:
    """`alerts`: exposed machines with an open one. `compliant`, `applicable`, `benchmarks`: of a configuration check."""

    recommendation: Recommendation
    alerts: int
    exploited: int
    weaknesses: int
    proofs: tuple[Proof, ...]
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
        proofs=proofs([row.cve for row in addressed.rows if row.exploited or row.exploit]),
        threats=threats[:MOST_THREATS],
        more_threats=max(len(threats) - MOST_THREATS, 0),
        compliant=figures.installed - figures.exposed,
        applicable=figures.installed if check else 0,
        benchmarks=tuple(check.benchmarks) if check else (),
    )


def proofs(cves: Sequence[str]) -> tuple[Proof, ...]:
    """The strongest evidence of each weakness, in their order. One statement, or none without weaknesses."""
    best: dict[str, ExploitEvidence] = {}
    listed = ExploitEvidence.objects.filter(cve__in=cves, gone_at__isnull=True) if cves else ExploitEvidence.objects.none()
    for item in listed.order_by("-level", "-url", "source", "reference")[:MOST_READ]:
        best.setdefault(item.cve, item)
    return tuple(_proof(best[cve]) for cve in cves if cve in best)


def _proof(item: ExploitEvidence) -> Proof:
    catalogue = KEV.format(cve=item.cve) if item.level == WILD and item.source in ("kev", "starter") else ""
    source = "CISA KEV" if catalogue else threat_queries.source_label(item.source)
    return Proof(item.cve, item.level, item.get_level_display(), source, item.url or catalogue, item.day, item.ransomware)
