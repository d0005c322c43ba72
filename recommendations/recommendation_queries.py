"""The list of recommendations. Figures are sums of RecommendationStat over the chosen machine groups."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, F, IntegerField, Max, OuterRef, Q, QuerySet, Subquery, Sum, TextField
from django.db.models.functions import Cast, Coalesce

from core import sql
from core.lists import ListState
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
SUMS = ("exposed", "installed", "impact", "exposed_after", "impact_after", "alerts", "weight", "base", "hazard")


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


@dataclass(frozen=True, slots=True)
class Totals:
    """Of the whole narrowed list: how many rows, and the largest impact, on whose scale the bars are drawn."""

    rows: int
    largest: float


def total_weight(groups: Sequence[int]) -> float:
    """Sum of w over the active machines of the groups."""
    return float(GroupScore.objects.filter(group_id__in=groups).aggregate(weight=Sum("weight", default=0.0))["weight"])


def scale_of(weight: float) -> float:
    """What turns a stored impact into points of the exposure score: 100 / sum w."""
    return 100 / weight if weight else 0.0


def present(groups: Sequence[int]) -> QuerySet[Recommendation]:
    """Recommendations that some machine of the groups needs, with the sums of `SUMS` and `activity_count`."""
    activities = Recommendation.objects.filter(pk=OuterRef("pk")).values("pk").annotate(number=Count("activities")).values("number")
    sums: dict[str, Any] = {name: Sum(f"stats__{name}") for name in SUMS}
    needed = Recommendation.objects.filter(present=True, stats__group_id__in=groups)
    counted: QuerySet[Recommendation] = needed.annotate(
        **sums, activity_count=Coalesce(Subquery(activities, output_field=IntegerField()), 0)
    )
    return counted.filter(Q(exposed__gt=0))


def totals(state: ListState, *, groups: Sequence[int], scale: float) -> Totals:
    found = filters.narrow(present(groups), state).aggregate(rows=Count("pk"), largest=Max("impact"))
    return Totals(found["rows"], (found["largest"] or 0.0) * scale)


def page(state: ListState, *, groups: Sequence[int], scale: float, offset: int, limit: int) -> list[RecommendationRow]:
    """One page of rows with thirty days of exposed machines; platforms only where their column is shown."""
    found = list(_ordered(state, groups)[offset : offset + limit])
    ids = [row["pk"] for row in found]
    series = trends(ids, groups=groups)
    platforms = platforms_of(ids) if "platform" in state.visible else {}
    return [_row(row, scale=scale, series=series.get(row["pk"], ()), platforms=platforms.get(row["pk"], ())) for row in found]


def every(state: ListState, *, groups: Sequence[int], scale: float, chunk: int = 500) -> Iterator[RecommendationRow]:
    """All rows of the list in its order, read in chunks from one server-side cursor, without trends."""
    for row in _ordered(state, groups).iterator(chunk_size=chunk):
        yield _row(row, scale=scale, series=(), platforms=())


def facet_counts(groups: Sequence[int]) -> dict[str, dict[str, int]]:
    """How many recommendations each value of each filter has, without regard to the other filters; and the saved views."""
    shown = filters.any_of("status", filters.SHOWN_STATUSES)
    wanted: dict[str, Q] = {
        f"{key}|{value}": condition if key == "status" else condition & shown
        for key, conditions in filters.CONDITIONS.items()
        for value, condition in conditions.items()
    }
    wanted["view|all"] = shown
    wanted["view|threats"] = shown & filters.any_of("threat", ("alert", "exploited"))
    wanted["view|eos"] = shown & filters.any_of("tag", ("eos-software", "eos-versions"))
    rows = present(groups).aggregate(**{name: Count("pk", filter=condition) for name, condition in wanted.items()})
    counts: dict[str, dict[str, int]] = {}
    for name, number in rows.items():
        key, value = name.split("|")
        counts.setdefault(key, {})[value] = number
    return counts


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


def _ordered(state: ListState, groups: Sequence[int]) -> QuerySet[Recommendation, dict[str, Any]]:
    rows = filters.narrow(present(groups), state).order_by(*filters.order(state))
    own = ("pk", "key", "title", "kind", "status", "component", "category", "weakness_count", "exploit", "exploited", "zero_day")
    related = {
        "support": F("software__support"),
        "check_impact": F("configuration__impact"),
        "user_impact": F("configuration__user_impact"),
        "benchmarks": Cast("configuration__benchmarks", TextField()),
    }
    sums = ("exposed", "installed", "impact", "exposed_after", "impact_after", "alerts", "activity_count")
    values: QuerySet[Recommendation, dict[str, Any]] = rows.values(*own, *sums, **related)
    return values


def _row(row: Mapping[str, Any], *, scale: float, series: tuple[int, ...], platforms: tuple[str, ...]) -> RecommendationRow:
    check_impact = row["check_impact"]
    compliant = row["installed"] > row["exposed"]
    return RecommendationRow(
        id=row["pk"],
        key=row["key"],
        title=row["title"],
        kind=row["kind"],
        kind_label=Recommendation.Kind(row["kind"]).label,
        status=row["status"],
        status_label=Recommendation.Status(row["status"]).label,
        component=row["component"],
        category_label=Configuration.Category(row["category"]).label,
        weaknesses=row["weakness_count"],
        exploit=row["exploit"],
        exploited=row["exploited"],
        alert=row["alerts"] > 0,
        insight=check_impact is not None and (compliant or row["benchmarks"] not in (None, "{}")),
        exposed=row["exposed"],
        installed=row["installed"],
        exposed_after=row["exposed_after"],
        impact=row["impact"] * scale,
        impact_after=row["impact_after"] * scale,
        gain=None if check_impact is None else rules.gain(check_impact, row["exposed"], row["installed"]),
        activities=row["activity_count"],
        tags=tags_of(zero_day=row["zero_day"], support=row["support"], user_impact=row["user_impact"] or ""),
        user_impact=row["user_impact"] or "",
        series=series,
        platforms=platforms,
    )


def tags_of(*, zero_day: bool, support: int | None, user_impact: str) -> tuple[Tag, ...]:
    tags = [Tag("Zero day", "alarm")] if zero_day else []
    if support:
        label, tone = SUPPORT_TAGS[Software.Support(support)]
        tags.append(Tag(label, tone))
    if user_impact:
        tags.append(Tag("User impact", icon="usergear"))
    return tuple(tags)
