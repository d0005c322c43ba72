"""Software as installed: the list, and everything the page of one software shows. Counts are sums over the chosen groups."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from core import sql
from inventory.models import Software, SoftwareStat, VersionStat
from recommendations import machine_queries
from recommendations.machine_queries import Carrier, carriers
from recommendations.models import Recommendation, RecommendationStat
from recommendations.recommendation_queries import Tag, tags_of
from recommendations.score_queries import Point
from weaknesses.models import SoftwareProduct, Weakness

SOON = dt.timedelta(days=180)
SORTS = ("name", "vendor", "weaknesses", "exposed", "installed", "impact")


@dataclass(frozen=True, slots=True)
class SoftwareFilter:
    """Which software. `scale` = 100 / sum(w) of the groups turns stored impact into score points. `sort`: "-impact" falls."""

    groups: Sequence[int]
    scale: float = 0.0
    text: str = ""
    ecosystems: tuple[str, ...] = ()
    weak: bool = False
    support: tuple[int, ...] = ()
    sort: str = "-impact"


@dataclass(frozen=True, slots=True)
class SoftwareRow:
    id: int
    key: str
    name: str
    vendor: str
    ecosystem: str
    weaknesses: int
    exposed: int
    installed: int
    impact: float
    exploit: int
    exploited: bool
    alert: bool
    tags: tuple[Tag, ...]
    days: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class ProductLink:
    """A name in vulnerability data that stands for the software: where it comes from and how sure we are (percent).

    `denied`: a curator said that it is another product.
    """

    key: str
    origin: str
    confidence: int
    denied: bool = False


@dataclass(frozen=True, slots=True)
class Fix:
    """A recommendation of the software. `impact` in score points."""

    key: str
    title: str
    kind: str
    kind_label: str
    status: str
    status_label: str
    weaknesses: int
    exploit: int
    exploited: bool
    alert: bool
    zero_day: bool
    exposed: int
    installed: int
    impact: float


@dataclass(frozen=True, slots=True)
class SeverityCount:
    """Weaknesses of one severity (Weakness.Severity, 4 to 1)."""

    severity: int
    label: str
    weaknesses: int


@dataclass(frozen=True, slots=True)
class WeaknessRow:
    """A weakness of the software. `installed`: machines, a machine counted once per affected version it carries."""

    cve: str
    title: str
    severity: int
    cvss: float | None
    epss: float
    exploit: int
    exploited: bool
    published_at: dt.datetime | None
    installed: int
    unfixed: bool


@dataclass(frozen=True, slots=True)
class VersionRow:
    """A version with its share of the installations (0 to 1). `tag`: end of support in words, empty where it has none near."""

    version: str
    platform: str
    installed: int
    share: float
    weaknesses: int
    first_seen: dt.datetime
    support_ends_on: dt.date | None
    tag: str


@dataclass(frozen=True, slots=True)
class SoftwarePage:
    """What stands on every tab of the page of a software."""

    software: Software
    products: tuple[ProductLink, ...]
    fixes: tuple[Fix, ...]
    severities: tuple[SeverityCount, ...]
    installed: int
    exposed: int
    exploited: int
    exploit: int
    alert_machines: int
    versions: int
    tags: tuple[Tag, ...]

    @property
    def weaknesses(self) -> int:
        return sum(count.weaknesses for count in self.severities)

    @property
    def impact(self) -> float:
        """Score points that all its recommendations lower at least: done together they lower no less than their sum."""
        return sum(fix.impact for fix in self.fixes)


def software_rows(chosen: SoftwareFilter, *, offset: int = 0, limit: int = 30) -> tuple[int, tuple[SoftwareRow, ...]]:
    """(how many fit, a page of them)."""
    found = sql.rows("recommendations/read_software", _parameters(chosen) | {"offset": offset, "limit": limit})
    total = found[0]["total"] if found else 0
    return total, tuple(_software_row(row) for row in found)


def every_software(chosen: SoftwareFilter) -> Iterator[SoftwareRow]:
    """All software of the filter, in its order. One statement: products are tens of thousands at most, machines are not read."""
    for row in sql.rows("recommendations/read_software", _parameters(chosen) | {"offset": 0, "limit": None}):
        yield _software_row(row)


def with_days(rows: Sequence[SoftwareRow], *, groups: Sequence[int], first: dt.date, last: dt.date) -> tuple[SoftwareRow, ...]:
    """The rows with their exposed machines of each recorded day."""
    days = exposed_days(software_ids=[row.id for row in rows], groups=groups, first=first, last=last)
    return tuple(replace(row, days=tuple(int(point.value) for point in days.get(row.id, ()))) for row in rows)


def exposed_days(*, software_ids: Sequence[int], groups: Sequence[int], first: dt.date, last: dt.date) -> dict[int, tuple[Point, ...]]:
    """Software -> exposed machines at the end of each recorded day, by the recommendation that touches most of them."""
    parameters = {"software": list(software_ids), "groups": list(groups), "first": first, "last": last}
    found: dict[int, list[Point]] = {}
    for row in sql.rows("recommendations/read_software_days", parameters):
        found.setdefault(row["software_id"], []).append(Point(row["day"], row["exposed"]))
    return {software: tuple(points) for software, points in found.items()}


def software_page(*, key: str, groups: Sequence[int], scale: float) -> SoftwarePage | None:
    """The software of this key as the chosen groups have it; None where there is none such."""
    software = Software.objects.filter(key=key).first()
    if software is None:
        return None
    stats = SoftwareStat.objects.filter(software=software, group_id__in=groups).values_list("installed", "exposed")
    fixes, alerts = _fixes(software=software, groups=groups, scale=scale)
    counts = sql.rows("recommendations/count_software_weaknesses", {"software": software.pk, "groups": list(groups)})
    by_severity = {row["severity"]: row["weaknesses"] for row in counts}
    installed_versions = VersionStat.objects.filter(version__software=software, group_id__in=groups, installed__gt=0)
    return SoftwarePage(
        software=software,
        products=_products(software),
        fixes=fixes,
        severities=tuple(SeverityCount(s.value, s.label, by_severity.get(s.value, 0)) for s in reversed(Weakness.Severity)),
        installed=sum(installed for installed, _ in stats),
        exposed=sum(exposed for _, exposed in stats),
        exploited=sum(row["exploited"] for row in counts),
        exploit=max((row["exploit"] for row in counts), default=0),
        alert_machines=alerts,
        versions=installed_versions.values("version").distinct().count(),
        tags=tags_of(support=software.support, zero_day=any(fix.zero_day for fix in fixes), user_impact=""),
    )


def weakness_rows(
    *, software_id: int, groups: Sequence[int], severity: int | None = None, offset: int = 0, limit: int | None = 30
) -> tuple[int, tuple[WeaknessRow, ...]]:
    """(how many, a page of the weaknesses of its installed versions, the most threatening first)."""
    parameters = {"software": software_id, "groups": list(groups), "severity": severity, "offset": offset, "limit": limit}
    found = sql.rows("recommendations/read_software_weaknesses", parameters)
    names = WeaknessRow.__dataclass_fields__
    return (found[0]["total"] if found else 0), tuple(WeaknessRow(**{name: row[name] for name in names}) for row in found)


def version_rows(
    *, software_id: int, groups: Sequence[int], today: dt.date, support: str = "", sort: str = "", offset: int = 0, limit: int | None = 50
) -> tuple[int, tuple[VersionRow, ...]]:
    """(how many, a page of its installed versions, the most common first). `support`: ended or upcoming narrows them."""
    parameters = {"software": software_id, "groups": list(groups), "today": today, "soon": today + SOON, "support": support, "sort": sort}
    found = sql.rows("recommendations/read_software_versions", parameters | {"offset": offset, "limit": limit})
    return (found[0]["total"] if found else 0), tuple(_version_row(row, today=today) for row in found)


def software_carriers(*, page: SoftwarePage, groups: Sequence[int], offset: int = 0, limit: int = 30) -> tuple[Carrier, ...]:
    """A page of the machines that carry the software, the most exposed first."""
    versions = list(page.software.versions.values_list("id", flat=True))
    return carriers(version_ids=versions, groups=groups, expected=page.installed, offset=offset, limit=limit)


def every_carrier(*, page: SoftwarePage, groups: Sequence[int], chunk: int = 1000) -> Iterator[Carrier]:
    """All machines that carry the software, a chunk at a time, by machine."""
    yield from machine_queries.every_carrier(
        version_ids=list(page.software.versions.values_list("id", flat=True)), groups=groups, chunk=chunk
    )


def _parameters(chosen: SoftwareFilter) -> dict[str, object]:
    return {
        "groups": list(chosen.groups),
        "scale": chosen.scale,
        "text": chosen.text,
        "pattern": sql.containing(chosen.text),
        "ecosystems": list(chosen.ecosystems) or None,
        "weak": chosen.weak,
        "support": list(chosen.support) or None,
        "sort": chosen.sort,
    }


def _software_row(row: dict[str, Any]) -> SoftwareRow:
    kept = {name: row[name] for name in ("id", "key", "name", "vendor", "exposed", "installed", "impact", "exploit", "exploited", "alert")}
    return SoftwareRow(
        **kept,
        ecosystem=Software.Ecosystem(row["ecosystem"]).label,
        weaknesses=row["weakness_count"],
        tags=tags_of(support=row["support"], zero_day=row["zero_day"], user_impact=""),
    )


def _products(software: Software) -> tuple[ProductLink, ...]:
    found = sql.rows("weaknesses/read_software_links", {"software_id": software.pk, "weakness_id": None})
    return tuple(ProductLink(row["key"], SoftwareProduct.Origin(row["origin"]).label, row["confidence"], row["denied"]) for row in found)


def _fixes(*, software: Software, groups: Sequence[int], scale: float) -> tuple[tuple[Fix, ...], int]:
    """Its recommendations that machines of the groups need, the strongest first, and how many of them have an alert."""
    sums: dict[int, list[float]] = {}
    found: dict[int, Recommendation] = {}
    stats = RecommendationStat.objects.filter(recommendation__software=software, group_id__in=groups).select_related("recommendation")
    for stat in stats.filter(exposed__gt=0):
        found[stat.recommendation_id] = stat.recommendation
        total = sums.setdefault(stat.recommendation_id, [0, 0, 0.0, 0])
        for index, value in enumerate((stat.exposed, stat.installed, stat.impact, stat.alerts)):
            total[index] += value
    fixes = [_fix(found[pk], exposed=int(t[0]), installed=int(t[1]), impact=t[2] * scale, alerts=int(t[3])) for pk, t in sums.items()]
    return tuple(sorted(fixes, key=lambda fix: (-fix.impact, fix.key))), int(max((t[3] for t in sums.values()), default=0))


def _fix(recommendation: Recommendation, *, exposed: int, installed: int, impact: float, alerts: int) -> Fix:
    return Fix(
        key=recommendation.key,
        title=recommendation.title,
        kind=recommendation.kind,
        kind_label=recommendation.get_kind_display(),
        status=recommendation.status,
        status_label=recommendation.get_status_display(),
        weaknesses=recommendation.weakness_count,
        exploit=recommendation.exploit,
        exploited=recommendation.exploited,
        alert=alerts > 0,
        zero_day=recommendation.zero_day,
        exposed=exposed,
        installed=installed,
        impact=impact,
    )


def _version_row(row: dict[str, Any], *, today: dt.date) -> VersionRow:
    ends = row["support_ends_on"]
    tag = ""
    if isinstance(ends, dt.date):
        tag = "EOS version" if ends <= today else "Upcoming EOS version" if ends <= today + SOON else ""
    kept = {name: row[name] for name in ("version", "platform", "installed", "weaknesses", "first_seen", "support_ends_on")}
    return VersionRow(**kept, share=row["installed"] / row["installed_total"], tag=tag)
