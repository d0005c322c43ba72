"""The list of recommendations. Figures are sums of RecommendationStat over the chosen machine groups."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db.models import Sum
from django.http import QueryDict

from core import sql
from core.lists import ANY, ListState
from inventory.models import Configuration, Software
from recommendations import filters, rules
from recommendations.models import GroupScore, Recommendation, VersionScore

TREND_DAYS = 30
PLATFORMS = {
    "windows": "Windows",
    "macos": "macOS",
    "linux": "Linux",
    "debian": "Debian",
    "ubuntu": "Ubuntu",
    "rhel": "Red Hat",
    "alpine": "Alpine",
}
SUPPORT_TAGS = {
    Software.Support.ENDED: ("EOS software", "solid"),
    Software.Support.ENDED_VERSIONS: ("EOS versions", ""),
    Software.Support.UPCOMING: ("Upcoming EOS software", ""),
    Software.Support.UPCOMING_VERSIONS: ("Upcoming EOS versions", ""),
}


@dataclass(frozen=True, slots=True)
class Tag:
    """`tone`: "", solid (black) or alarm (red). `icon`: empty for none."""

    label: str
    tone: str = ""
    icon: str = ""


@dataclass(frozen=True, slots=True)
class RecommendationRow:
    """One row. `impact`: points of the exposure score; `gain`: points of the configuration score, None for software."""

    id: int
    key: str
    title: str
    kind: str
    kind_label: str
    status: str
    status_label: str
    component: str
    category_label: str
    weaknesses: int
    exploit: int
    exploited: bool
    alert: bool
    insight: bool
    exposed: int
    installed: int
    exposed_after: int
    impact: float
    impact_after: float
    gain: float | None
    activities: int
    tags: tuple[Tag, ...]
    user_impact: str
    series: tuple[int, ...] = ()
    platforms: tuple[str, ...] = ()

    @property
    def has_insights(self) -> bool:
        """Whether any of its three marks is on."""
        return self.alert or self.exploited or self.exploit > 0 or self.insight


@dataclass(frozen=True, slots=True)
class RecommendationList:
    """A page of rows and what holds for all of them: how many fit, the largest impact, counts by filter and value."""

    rows: tuple[RecommendationRow, ...]
    total: int
    largest: float
    counts: dict[str, dict[str, int]]


def total_weight(groups: Sequence[int]) -> float:
    """Sum of w over the active machines of the groups."""
    return float(GroupScore.objects.filter(group_id__in=groups).aggregate(weight=Sum("weight", default=0.0))["weight"])


def scale_of(weight: float) -> float:
    """What turns a stored impact into points of the exposure score: 100 / sum w."""
    return 100 / weight if weight else 0.0


def read(state: ListState, *, groups: Sequence[int], offset: int = 0, limit: int | None = None) -> RecommendationList:
    """Rows of the list from `offset` on, all of them without `limit`; neither trends nor platforms."""
    return _read(filters.parameters(state), groups=groups, offset=offset, limit=limit)


def picked(ids: Sequence[int], *, groups: Sequence[int]) -> tuple[RecommendationRow, ...]:
    """These recommendations in this order, whatever their status; those that no machine of the groups needs (any more) are left out."""
    state = filters.SPEC.read(QueryDict(f"status={ANY}"))
    found = _read(filters.parameters(state) | {"picks": list(ids)}, groups=groups, offset=0, limit=None) if ids else None
    rows = {row.id: row for row in found.rows} if found else {}
    return tuple(rows[pk] for pk in ids if pk in rows)


def count(state: ListState, *, groups: Sequence[int]) -> int:
    """How many recommendations the list holds."""
    return _read(filters.parameters(state), groups=groups, offset=0, limit=0).total


def _read(asked: Mapping[str, Any], *, groups: Sequence[int], offset: int, limit: int | None) -> RecommendationList:
    scale = scale_of(total_weight(groups))
    parameters = {**asked, "groups": list(groups), "offset": offset, "limit": limit}
    found = sql.rows("recommendations/read_recommendations", parameters)
    counts = found[0]["counts"]
    return RecommendationList(
        rows=tuple(_row(row, scale=scale) for row in found if row["id"] is not None),
        total=found[0]["total"],
        largest=found[0]["largest"] * scale,
        counts=counts if isinstance(counts, dict) else json.loads(counts),
    )


def page(state: ListState, *, groups: Sequence[int]) -> RecommendationList:
    """The page that the address asks for, or the last one, with thirty days of exposed machines; platforms where they are shown."""
    found = read(state, groups=groups, offset=state.offset, limit=state.per_page)
    if found.total and not found.rows:
        last = (found.total - 1) // state.per_page * state.per_page
        found = read(state, groups=groups, offset=last, limit=state.per_page)
    ids = [row.id for row in found.rows]
    series = trends(ids, groups=groups)
    platforms = platforms_of(ids) if "platform" in state.visible else {}
    rows = (replace(row, series=series.get(row.id, ()), platforms=platforms.get(row.id, ())) for row in found.rows)
    return replace(found, rows=tuple(rows))


def trends(ids: Sequence[int], *, groups: Sequence[int]) -> dict[int, tuple[int, ...]]:
    """Exposed machines on each of the last thirty recorded days, for all of the recommendations in one statement."""
    rows = (
        sql.rows("recommendations/read_recommendation_trends", {"ids": list(ids), "groups": list(groups), "days": TREND_DAYS})
        if ids
        else []
    )
    return {row["id"]: tuple(row["exposed"]) for row in rows}


def platforms_of(ids: Sequence[int]) -> dict[int, tuple[str, ...]]:
    """Platforms of the versions that each recommendation replaces."""
    pairs = VersionScore.objects.filter(recommendation_id__in=ids).exclude(version__platform="")
    found: dict[int, set[str]] = {}
    for pk, platform in pairs.values_list("recommendation_id", "version__platform").distinct():
        found.setdefault(pk, set()).add(platform_name(platform))
    return {pk: tuple(sorted(names)) for pk, names in found.items()}


def platform_name(platform: str) -> str:
    """debian-12 -> Debian 12"""
    family, _, release = platform.partition("-")
    return f"{PLATFORMS.get(family, family.capitalize())} {release}".strip()


def _row(row: Mapping[str, Any], *, scale: float) -> RecommendationRow:
    check_impact = row["check_impact"]
    kept = (
        "id",
        "key",
        "title",
        "kind",
        "status",
        "component",
        "exploit",
        "exploited",
        "exposed",
        "installed",
        "exposed_after",
        "activities",
    )
    return RecommendationRow(
        **{name: row[name] for name in kept},
        kind_label=Recommendation.Kind(row["kind"]).label,
        status_label=Recommendation.Status(row["status"]).label,
        category_label=Configuration.Category(row["category"]).label,
        weaknesses=row["weakness_count"],
        alert=row["alerts"] > 0,
        insight=check_impact is not None and (row["installed"] > row["exposed"] or row["benchmarked"]),
        impact=row["impact"] * scale,
        impact_after=row["impact_after"] * scale,
        gain=None if check_impact is None else rules.gain(check_impact, row["exposed"], row["installed"]),
        tags=tags_of(zero_day=row["zero_day"], support=row["support"], user_impact=row["user_impact"] or ""),
        user_impact=row["user_impact"] or "",
    )


def tags_of(*, zero_day: bool, support: int | None, user_impact: str) -> tuple[Tag, ...]:
    tags = [Tag("Zero day", "alarm")] if zero_day else []
    if support:
        label, tone = SUPPORT_TAGS[Software.Support(support)]
        tags.append(Tag(label, tone))
    if user_impact:
        tags.append(Tag("User impact", icon="usergear"))
    return tuple(tags)
