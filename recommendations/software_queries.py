"""Software as installed: the list, and everything the page of one software shows. Counts are sums over the chosen groups."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from core import sql
from inventory.models import Software, SoftwareStat, VersionStat
from recommendations.models import Recommendation, RecommendationStat
from recommendations.recommendation_queries import PLATFORMS, Tag, tags_of
from recommendations.score_queries import Point
from weaknesses.models import SoftwareProduct, Weakness

GUESSED = ["cpe", "os", "other"]  # known to vulnerability data by a product code only; packages are by their names
SORTS = ("name", "vendor", "weaknesses", "exposed", "installed", "impact")


@dataclass(frozen=True, slots=True)
class SoftwareFilter:
    """Which software; an empty choice is any. `scale` = 100 / sum(w) of the groups turns stored impact into score points.

    `weak`: has, none, unavailable. `threats`: alert, exploited, kit, verified, exploit. `tags`: zero-day, ended, ended-versions,
    upcoming, untagged. `codes`: available, missing. `platforms`: windows, macos, linux, any. `sort`: "-impact" falls.
    """

    groups: Sequence[int]
    scale: float = 0.0
    text: str = ""
    ecosystems: tuple[str, ...] = ()
    platforms: tuple[str, ...] = ()
    weak: tuple[str, ...] = ()
    threats: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    sort: str = "-impact"


@dataclass(frozen=True, slots=True)
class SoftwareRow:
    """A software. `known`: vulnerability data can be about it; where not, its weaknesses are not available. `codes`: its products."""

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
    platforms: tuple[str, ...]
    codes: tuple[str, ...]
    known: bool
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
class SoftwarePage:
    """What stands on every tab of the page of a software."""

    software: Software
    products: tuple[ProductLink, ...]
    fixes: tuple[Fix, ...]
    severities: tuple[SeverityCount, ...]
    installed: int
    exposed: int
    exploited: int
    exploitable: int
    exploit: int
    alert_machines: int
    versions: int
    tags: tuple[Tag, ...]

    @property
    def weaknesses(self) -> int:
        return sum(count.weaknesses for count in self.severities)

    @property
    def zero_day(self) -> Fix | None:
        """The recommendation that is about a weakness without a fix, if there is one."""
        return next((fix for fix in self.fixes if fix.zero_day), None)

    @property
    def known(self) -> bool:
        """Whether vulnerability data can be about it: by a product code, or by its package name."""
        linked = any(not product.denied for product in self.products)
        return linked or self.weaknesses > 0 or self.software.ecosystem not in GUESSED

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
        exploitable=sum(row["exploitable"] for row in counts),
        exploit=max((row["exploit"] for row in counts), default=0),
        alert_machines=alerts,
        versions=installed_versions.values("version").distinct().count(),
        tags=tags_of(support=software.support, zero_day=any(fix.zero_day for fix in fixes), user_impact=""),
    )


def _parameters(chosen: SoftwareFilter) -> dict[str, object]:
    return {
        "groups": list(chosen.groups),
        "scale": chosen.scale,
        "text": chosen.text,
        "pattern": sql.containing(chosen.text),
        "guessed": GUESSED,
        "ecosystems": list(chosen.ecosystems) or None,
        "platforms": list(chosen.platforms) or None,
        "weak": list(chosen.weak) or None,
        "threats": list(chosen.threats) or None,
        "tags": list(chosen.tags) or None,
        "codes": list(chosen.codes) or None,
        "sort": chosen.sort,
    }


def _software_row(row: dict[str, Any]) -> SoftwareRow:
    names = ("id", "key", "name", "vendor", "exposed", "installed", "impact", "exploit", "exploited", "alert", "known")
    return SoftwareRow(
        **{name: row[name] for name in names},
        platforms=tuple(PLATFORMS.get(platform, platform.capitalize()) for platform in row["platforms"]),
        codes=tuple(row["codes"]),
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
