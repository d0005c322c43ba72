"""Weaknesses: the list, and everything the page of one shows. Machines and impact are those of the chosen groups."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from core import sql
from inventory.models import Alert
from recommendations import cvss_words, machine_queries, rules, threat_queries
from recommendations.machine_queries import Carrier, carriers
from recommendations.models import Recommendation
from recommendations.records import ScoredWeakness, Weights
from weaknesses import opinion_queries
from weaknesses.models import SoftwareProduct, VersionWeakness, Weakness
from weaknesses.opinion_queries import Opinion
from weaknesses.rules import range_text
from weaknesses.source_names import source_name

SORTS = ("cve", "severity", "cvss", "epss", "published", "exposed")
THREATS = {
    "exploited": "Exploited in the wild",
    "kit": "In an exploit kit",
    "verified": "Verified exploit or worse",
    "public": "Public exploit or worse",
}


@dataclass(frozen=True, slots=True)
class WeaknessFilter:
    """Which weaknesses. `everything`: every group is chosen. `present`: only those on a machine.

    `threats`: keys of THREATS, any of which holds.
    """

    groups: Sequence[int]
    everything: bool = True
    present: bool = True
    text: str = ""
    severity: tuple[int, ...] = ()
    threats: tuple[str, ...] = ()
    sort: str = "-exposed"


@dataclass(frozen=True, slots=True)
class WeaknessRow:
    """`software`: the first affected here by name, `software_count`: how many; empty and 0 where none is."""

    cve: str
    title: str
    severity: int
    cvss: float | None
    epss: float
    exploit: int
    exploited: bool
    ransomware: bool
    published_at: dt.datetime | None
    modified_at: dt.datetime | None
    exposed: int
    software: str = ""
    software_count: int = 0


@dataclass(frozen=True, slots=True)
class WeaknessCounts:
    known: int
    present: int
    exploited: int


@dataclass(frozen=True, slots=True)
class MatchRow:
    """A version here that has the weakness, and why: the affected range of a source in words, or what a curator `declared`.

    `linked_by`: how the software got the `product` name that the range is for.
    """

    version_id: int
    software_key: str
    software: str
    version: str
    platform: str
    product: str
    linked_by: str
    range: str
    declared: str
    source: str
    confidence: int
    remedy: str
    installed: int
    first_matched_at: dt.datetime

    @property
    def source_name(self) -> str:
        return source_name(self.source)


@dataclass(frozen=True, slots=True)
class Fix:
    """A recommendation that removes the weakness. `impact` in score points."""

    key: str
    title: str
    kind_label: str
    status_label: str
    exposed: int
    impact: float


@dataclass(frozen=True, slots=True)
class WeaknessPage:
    """A weakness with s and t of the scoring model. `threat_why`: what sets t; `opinions`: what other scanners say."""

    weakness: Weakness
    metrics: tuple[cvss_words.Metric, ...]
    cvss_version: str
    severity: float
    threat: float
    threat_why: str
    evidence: tuple[threat_queries.Evidence, ...]
    assessment: tuple[threat_queries.Fact, ...]
    insights: threat_queries.Insights
    alerted_machines: int
    matches: tuple[MatchRow, ...]
    fixes: tuple[Fix, ...]
    machines: tuple[Carrier, ...]
    exposed: int
    software_count: int
    opinions: tuple[Opinion, ...]


def weakness_rows(chosen: WeaknessFilter, *, offset: int = 0, limit: int = 30) -> tuple[int, tuple[WeaknessRow, ...]]:
    """(how many fit, a page of them). Two statements."""
    found = sql.rows("recommendations/read_weaknesses", _parameters(chosen) | {"offset": offset, "limit": limit})
    return (found[0]["total"] if found else 0), _weakness_rows(found)


def every_weakness(chosen: WeaknessFilter, *, chunk: int = 5000) -> Iterator[WeaknessRow]:
    """All weaknesses of the filter in its order, a chunk at a time."""
    start = 0
    while found := sql.rows("recommendations/read_weaknesses", _parameters(chosen) | {"offset": start, "limit": chunk}):
        yield from _weakness_rows(found)
        start += chunk


def weakness_counts() -> WeaknessCounts:
    """Known, present on any machine, and present and exploited in the wild."""
    present = Weakness.objects.filter(exposed_count__gt=0, rejected=False)
    return WeaknessCounts(Weakness.objects.filter(rejected=False).count(), present.count(), present.filter(exploited=True).count())


def weakness_page(
    *, cve: str, groups: Sequence[int], everything: bool, scale: float, weights: Weights, machines: int = 10
) -> WeaknessPage | None:
    """The weakness of this CVE as the chosen groups have it; None where it is not known. `machines`: how many of them to list."""
    weakness = Weakness.objects.filter(cve=cve).first()
    if weakness is None:
        return None
    alerted = Alert.objects.filter(cve=cve, closed_at__isnull=True, machine__group_id__in=groups).values("machine").distinct().count()
    scored = ScoredWeakness(weakness.cvss, weakness.severity, weakness.epss, weakness.exploit, weakness.exploited, alerted > 0)
    found = sql.rows("recommendations/read_weakness_matches", {"weakness": weakness.pk, "groups": list(groups)})
    here = [row for row in found if row["installed"]]
    installed = sum(row["installed"] for row in here)
    listed = carriers(version_ids=[row["version_id"] for row in here], groups=groups, expected=installed, limit=machines) if here else ()
    return WeaknessPage(
        weakness=weakness,
        metrics=cvss_words.explain(weakness.cvss_vector),
        cvss_version=cvss_words.version(weakness.cvss_vector),
        severity=rules.severity(scored),
        threat=rules.threat(scored, weights),
        threat_why=_why(scored, weights),
        evidence=threat_queries.evidence(cve),
        assessment=threat_queries.assessment(
            exploitation=weakness.exploitation, automatable=weakness.automatable, technical_impact=weakness.technical_impact
        ),
        insights=threat_queries.insights([cve]),
        alerted_machines=alerted,
        matches=tuple(_match_row(row) for row in found),
        fixes=_fixes(weakness, groups=groups, scale=scale),
        machines=listed,
        exposed=weakness.exposed_count if everything else installed,
        software_count=len({row["key"] for row in here}),
        opinions=opinion_queries.opinions_of(weakness=weakness, groups=groups),
    )


def every_carrier(*, cve: str, groups: Sequence[int]) -> Iterator[Carrier]:
    """All scored machines of the groups that have the weakness."""
    matches = VersionWeakness.objects.filter(weakness__cve=cve).values_list("version_id", flat=True)
    yield from machine_queries.every_carrier(version_ids=list(matches), groups=groups)


def _parameters(chosen: WeaknessFilter) -> dict[str, object]:
    return {
        "groups": list(chosen.groups),
        "everything": chosen.everything,
        "present": chosen.present,
        "text": chosen.text,
        "pattern": sql.containing(chosen.text),
        "severity": list(chosen.severity) or None,
        "threats": list(chosen.threats) or None,
        "sort": chosen.sort,
    }


def _weakness_rows(found: Sequence[dict[str, Any]]) -> tuple[WeaknessRow, ...]:
    names = sql.rows("recommendations/read_weakness_software", {"weaknesses": [row["id"] for row in found]})
    software = {row["weakness_id"]: (row["name"], row["software"]) for row in names}
    kept = [name for name in WeaknessRow.__dataclass_fields__ if not name.startswith("software")]
    return tuple(
        WeaknessRow(
            **{name: row[name] for name in kept},
            software=software.get(row["id"], ("", 0))[0],
            software_count=software.get(row["id"], ("", 0))[1],
        )
        for row in found
    )


def _why(weakness: ScoredWeakness, weights: Weights) -> str:
    """What sets the threat: the evidence's floor, or EPSS where that is larger."""
    if rules.threat(weakness, weights) == weakness.epss and weakness.epss > 0:
        return "EPSS, above the floor of its evidence" if weakness.exploit else "EPSS"
    if weakness.exploited:
        return "exploited in the wild"
    if weakness.alerted:
        return "an open alert names it"
    return ("floor of any weakness", "public exploit", "verified exploit", "in an exploit kit")[weakness.exploit]


def _match_row(row: dict[str, Any]) -> MatchRow:
    bounds = {name: row[name] for name in ("start", "start_included", "end", "end_included")}
    platforms = f" on {', '.join(sorted(row['platforms']))}" if row["platforms"] else ""
    fixed = f" {row['fixed']}" if row["fixed"] and row["fix"] else ""
    kept = {name: row[name] for name in ("version", "platform", "source", "confidence", "installed", "first_matched_at")}
    return MatchRow(
        **kept,
        version_id=row["version_id"],
        software_key=row["key"],
        software=row["name"],
        product=row["product"] or "",
        linked_by=SoftwareProduct.Origin(row["origin"]).label if row["origin"] else "",
        range=range_text(**bounds) + platforms if row["product"] else "",
        declared=row["reason"] or "",
        remedy=VersionWeakness.Fix(row["fix"]).label + fixed,
    )


def _fixes(weakness: Weakness, *, groups: Sequence[int], scale: float) -> tuple[Fix, ...]:
    found = sql.rows("recommendations/read_weakness_fixes", {"weakness": weakness.pk, "groups": list(groups), "scale": scale})
    return tuple(
        Fix(
            key=row["key"],
            title=row["title"],
            kind_label=Recommendation.Kind(row["kind"]).label,
            status_label=Recommendation.Status(row["status"]).label,
            exposed=row["exposed"],
            impact=row["impact"],
        )
        for row in found
    )
