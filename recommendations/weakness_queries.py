"""One weakness in full: what its flyout and its page show. Machines and impact are those of the chosen groups."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Sum

from core import keyset, sql
from core.lists import ListState
from inventory.models import Alert
from recommendations import cvss_words, machine_queries, rules, threat_queries
from recommendations.machine_queries import Carrier, carriers
from recommendations.models import Recommendation, WeaknessStat
from recommendations.recommendation_queries import Tag
from recommendations.records import ScoredWeakness, Weights
from recommendations.score_queries import Point
from recommendations.weakness_list_queries import age_of, exception_of, product_name, tags_of
from weaknesses import opinion_queries
from weaknesses.models import AffectedRange, EpssDay, SoftwareProduct, VersionWeakness, Weakness, WeaknessAlias
from weaknesses.opinion_queries import Opinion
from weaknesses.rules import range_text
from weaknesses.source_names import source_name


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
    kind: str
    kind_label: str
    status_label: str
    exposed: int
    impact: float
    zero_day: bool


@dataclass(frozen=True, slots=True)
class Related:
    """A software that it affects here: its key, its name and how many of its versions."""

    key: str
    name: str
    versions: int


@dataclass(frozen=True, slots=True)
class WeaknessPage:
    """A weakness with s and t of the scoring model. `threat_why`: what sets t; `opinions`: what other scanners say.

    `age` in days. `notes`: conditions beside the version, in words. `related`: software here, else `products` that sources name.
    `epss`: one point for each day on which the score changed, in percent.
    """

    weakness: Weakness
    age: int | None
    tags: tuple[Tag, ...]
    zero_day: bool
    notes: tuple[str, ...]
    related: tuple[Related, ...]
    products: tuple[str, ...]
    epss: tuple[Point, ...]
    aliases: tuple[str, ...]
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


def weakness_page(
    *, cve: str, groups: Sequence[int], everything: bool, scale: float, weights: Weights, now: dt.datetime, machines: int = 10
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
    fixes = _fixes(weakness, groups=groups, scale=scale)
    zero_day = any(fix.zero_day for fix in fixes) and (weakness.exploit > 0 or weakness.exploited)
    return WeaknessPage(
        weakness=weakness,
        age=age_of(weakness.published_at, now=now),
        tags=tags_of(
            zero_day=zero_day,
            fixed=any(row["fix"] > 0 for row in here),
            unfixed=any(row["fix"] == 0 for row in here),
            exception=exception_of(weakness.pk, groups=groups),
        ),
        zero_day=zero_day,
        notes=_notes(found),
        related=_related(found),
        products=() if found else _products(weakness),
        epss=epss_history(weakness, today=now.date()),
        aliases=tuple(WeaknessAlias.objects.filter(cve=cve).order_by("alias").values_list("alias", flat=True)),
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
        fixes=fixes,
        machines=listed,
        exposed=weakness.exposed_count if everything else _exposed(weakness, groups=groups),
        software_count=len({row["key"] for row in here}),
        opinions=opinion_queries.opinions_of(weakness=weakness, groups=groups),
    )


def every_carrier(*, cve: str, groups: Sequence[int]) -> Iterator[Carrier]:
    """All scored machines of the groups that have the weakness."""
    matches = VersionWeakness.objects.filter(weakness__cve=cve).values_list("version_id", flat=True)
    yield from machine_queries.every_carrier(version_ids=list(matches), groups=groups)


def carriers_of(*, cve: str, groups: Sequence[int], state: ListState) -> tuple[int, keyset.Slice, tuple[Carrier, ...]]:
    """(how many machines of the groups have the weakness, the page of the address, its machines, the most exposed first)."""
    total = _exposed(Weakness.objects.get(cve=cve), groups=groups)
    versions = list(VersionWeakness.objects.filter(weakness__cve=cve).values_list("version_id", flat=True))
    if not total:
        return 0, keyset.Slice(()), ()
    return total, *machine_queries.carrier_page(version_ids=versions, groups=groups, expected=total, state=state)


def epss_history(weakness: Weakness, *, today: dt.date) -> tuple[Point, ...]:
    """The score in percent on each day that it changed, and today."""
    days = list(EpssDay.objects.filter(cve=weakness.cve).order_by("day").values_list("day", "score"))
    if not days:
        return ()
    points = [Point(day, 100 * score) for day, score in days if day <= today]
    return (*points, Point(today, 100 * weakness.epss)) if not points or points[-1].day < today else tuple(points)


def _exposed(weakness: Weakness, *, groups: Sequence[int]) -> int:
    """Machines of the groups that have it, each once: a machine is in one group."""
    found = WeaknessStat.objects.filter(weakness_id=weakness.pk, group_id__in=groups).aggregate(exposed=Sum("exposed"))
    return found["exposed"] or 0


def _related(found: Sequence[dict[str, Any]]) -> tuple[Related, ...]:
    names: dict[str, tuple[str, int]] = {}
    for row in found:
        names[row["key"]] = row["name"], names.get(row["key"], ("", 0))[1] + 1
    return tuple(Related(key, name, versions) for key, (name, versions) in names.items())


def _products(weakness: Weakness, *, most: int = 12) -> tuple[str, ...]:
    """Products that sources name, where none of it is here."""
    keys = AffectedRange.objects.filter(weakness=weakness).order_by("product__key").values_list("product__key", flat=True).distinct()
    return tuple(dict.fromkeys(product_name(key) for key in keys[:most]))


def _notes(found: Sequence[dict[str, Any]]) -> tuple[str, ...]:
    """What must hold beside the version for a match, as the sources of the matches here state it."""
    needs = {tuple(row["requires"]) for row in found if row["requires"]}
    said = [f"Only where {_either(names)} is present too." for names in sorted(needs)]
    qualified = {json.loads(row["qualifiers"]).get("target_sw", "") for row in found if row["qualifiers"]}
    return tuple(said + [f"Only {name.replace('_', ' ')}." for name in sorted(qualified) if name not in ("", "*", "-")])


def _either(keys: Sequence[str]) -> str:
    names = [product_name(key) for key in keys]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"


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
            kind=row["kind"],
            kind_label=Recommendation.Kind(row["kind"]).label,
            status_label=Recommendation.Status(row["status"]).label,
            exposed=row["exposed"],
            impact=row["impact"],
            zero_day=row["zero_day"],
        )
        for row in found
    )
