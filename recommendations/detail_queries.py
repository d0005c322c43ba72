"""One recommendation in full: what stands in its flyout and on its page, and the lists behind it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Sum

from core import sql
from core.flyouts import Place, place_among, place_near
from core.lists import ListState
from inventory.models import Configuration, Software, SoftwareStat
from recommendations import explanations, recommendation_queries, rules, threat_queries
from recommendations.behind_queries import machines_of, systems_of
from recommendations.machine_queries import Carrier
from recommendations.models import Recommendation, RecommendationStat
from recommendations.option_words import Option, options_of
from recommendations.recommendation_queries import TREND_DAYS, Tag, platform_name, scale_of, tags_of, total_weight
from recommendations.records import Sums, Term
from weaknesses.models import Weakness

FIRST_ROWS = 5
SUMS = ("exposed", "installed", "impact", "exposed_after", "impact_after", "alerts", "weight", "base", "hazard")


@dataclass(frozen=True, slots=True)
class Target:
    """The version to bring a platform to. `machines` run an affected version there."""

    platform: str
    version: str
    machines: int


@dataclass(frozen=True, slots=True)
class AddressedWeakness:
    """`alert`: an open alert names it. `fixed`: first version without it, empty where none is known."""

    cve: str
    title: str
    severity: int
    cvss: float | None
    epss: float
    exploit: int
    exploited: bool
    published_at: dt.datetime | None
    fixed: str
    alert: bool


@dataclass(frozen=True, slots=True)
class Addressed:
    """Weaknesses that a recommendation removes: how many, how many exploited in the wild, those with known attackers, and a page."""

    total: int = 0
    exploited: int = 0
    named: tuple[str, ...] = ()
    rows: tuple[AddressedWeakness, ...] = ()


@dataclass(frozen=True, slots=True)
class WrittenTerm:
    """A factor of the impact as it is printed. `share`: 0 to 1, how far its bar reaches."""

    label: str
    about: str
    text: str
    share: float
    tone: str


@dataclass(frozen=True, slots=True)
class Figures:
    """Sums over the chosen groups. `impact`, `impact_after` in points; `gain` in configuration points, None for software."""

    exposed: int
    installed: int
    alerts: int
    exposed_after: int
    impact: float
    impact_after: float
    gain: float | None
    sums: Sums
    weight: float


@dataclass(frozen=True, slots=True)
class Detail:
    recommendation: Recommendation
    software: Software | None
    configuration: Configuration | None
    figures: Figures
    top: Weakness | None
    terms: tuple[WrittenTerm, ...]
    impact_text: str
    days: tuple[dt.date, ...]
    series: tuple[int, ...]
    targets: tuple[Target, ...]
    tags: tuple[Tag, ...]
    systems: tuple[str, ...]
    weaknesses: tuple[AddressedWeakness, ...]
    weakness_total: int
    exploited_total: int
    insights: threat_queries.Insights
    proofs: tuple[threat_queries.Proof, ...]
    options: tuple[Option, ...]
    exposed_machines: tuple[Carrier, ...]
    installed_machines: tuple[Carrier, ...]
    activities: int

    @property
    def compliant(self) -> int:
        return self.figures.installed - self.figures.exposed

    @property
    def change(self) -> int:
        """Exposed machines more (or fewer) than at the beginning of the trend."""
        return self.series[-1] - self.series[0] if self.series else 0

    @property
    def change_words(self) -> str:
        """What the change compares with: more than on 14 Feb."""
        than = f"{self.days[0]:%-d %b}" if self.days else ""
        return f"{'more' if self.change > 0 else 'fewer'} than on {than}" if self.change else f"as on {than}"


def find(key: str) -> Recommendation | None:
    return Recommendation.objects.select_related("software", "configuration").filter(key=key).first()


def detail(recommendation: Recommendation, *, groups: Sequence[int]) -> Detail:
    """Everything about one recommendation, as the machines of the chosen groups have it."""
    figures = figures_of(recommendation, groups=groups)
    top = Weakness.objects.filter(pk=recommendation.top_weakness_id).first() if recommendation.top_weakness_id else None
    trend = sql.rows("recommendations/read_recommendation_trends", {"ids": [recommendation.pk], "groups": list(groups), "days": TREND_DAYS})
    addressed = weaknesses_of(recommendation, limit=FIRST_ROWS)
    targets = targets_of(recommendation, groups=groups)
    software, configuration = recommendation.software, recommendation.configuration
    terms = terms_of(recommendation, figures=figures, top=top)
    return Detail(
        recommendation=recommendation,
        software=software,
        configuration=configuration,
        figures=figures,
        top=top,
        terms=_written(terms, recommendation=recommendation, figures=figures, top=top),
        impact_text=str(explanations.printed(figures.impact)),
        days=tuple(trend[0]["days"]) if trend else (),
        series=tuple(trend[0]["exposed"]) if trend else (),
        targets=targets,
        tags=tags_of(
            zero_day=recommendation.zero_day,
            support=software.support if software else None,
            user_impact=configuration.user_impact if configuration else "",
        ),
        systems=systems_of(recommendation, groups=groups, expected=figures.installed),
        weaknesses=addressed.rows,
        weakness_total=addressed.total,
        exploited_total=addressed.exploited,
        insights=threat_queries.insights(addressed.named),
        proofs=threat_queries.proofs([row.cve for row in addressed.rows if row.exploited or row.exploit]),
        options=options_of(recommendation, targets=[(target.platform, target.version, target.machines) for target in targets]),
        exposed_machines=machines_of(recommendation, groups=groups, exposed=True, expected=figures.exposed, limit=FIRST_ROWS),
        installed_machines=machines_of(recommendation, groups=groups, exposed=False, expected=figures.installed, limit=FIRST_ROWS),
        activities=sql.rows("recommendations/count_activities", {"recommendation": recommendation.pk, "groups": list(groups)})[0][
            "activities"
        ],
    )


def figures_of(recommendation: Recommendation, *, groups: Sequence[int]) -> Figures:
    stats = RecommendationStat.objects.filter(recommendation=recommendation, group_id__in=groups)
    sums = stats.aggregate(**{f"sum_{name}": Sum(name, default=0) for name in SUMS})
    total = {name: sums[f"sum_{name}"] for name in SUMS}
    weight = total_weight(groups)
    scale = scale_of(weight)
    check = recommendation.configuration
    installed = total["installed"]
    if recommendation.software_id is not None:
        carriers = SoftwareStat.objects.filter(software_id=recommendation.software_id, group_id__in=groups)
        installed = carriers.aggregate(total=Sum("installed", default=0))["total"]
    return Figures(
        exposed=total["exposed"],
        installed=installed,
        alerts=total["alerts"],
        exposed_after=total["exposed_after"],
        impact=total["impact"] * scale,
        impact_after=total["impact_after"] * scale,
        gain=rules.gain(check.impact, total["exposed"], installed) if check else None,
        sums=Sums(total["exposed"], total["weight"], total["base"], total["hazard"], total["impact"]),
        weight=weight,
    )


def terms_of(recommendation: Recommendation, *, figures: Figures, top: Weakness | None) -> tuple[Term, ...]:
    """The factors whose product is the impact; none where there is nothing to explain."""
    if not figures.impact:
        return ()
    if recommendation.configuration_id:
        return explanations.configuration_terms(figures.sums, total_weight=figures.weight)
    return explanations.software_terms(
        figures.sums, total_weight=figures.weight, top_severity=recommendation.top_severity, top_threat=recommendation.top_threat
    )


def weaknesses_of(
    recommendation: Recommendation, *, text: str = "", sort: str = "-threat", offset: int = 0, limit: int | None = 50
) -> Addressed:
    """A page of the weaknesses that the recommendation removes. `sort`: name, severity, cvss, epss, threat or published."""
    if recommendation.software_id is None:
        return Addressed()
    found = sql.rows(
        "recommendations/read_recommendation_weaknesses",
        {
            "recommendation": recommendation.pk,
            "text": text,
            "pattern": sql.containing(text),
            "by": sort.removeprefix("-"),
            "sign": -1 if sort.startswith("-") else 1,
            "offset": offset,
            "limit": limit,
        },
    )
    rows = tuple(AddressedWeakness(**{name: row[name] for name in AddressedWeakness.__dataclass_fields__}) for row in found)
    if not found:
        return Addressed()
    return Addressed(found[0]["total"], found[0]["total_exploited"], tuple(found[0]["named"] or ()), rows)


def targets_of(recommendation: Recommendation, *, groups: Sequence[int]) -> tuple[Target, ...]:
    """By platform. Where a single version is recommended it is that one; an upgrade names none where its line has ended."""
    if recommendation.kind != Recommendation.Kind.UPDATE and not recommendation.recommended_version:
        return ()
    rows = sql.rows("recommendations/read_recommendation_targets", {"recommendation": recommendation.pk, "groups": list(groups)})
    single = recommendation.recommended_version if len(rows) == 1 else ""
    return tuple(Target(platform_name(row["platform"]) or "Any platform", single or row["target"], row["machines"]) for row in rows)


def place_in(state: ListState, key: str, *, groups: Sequence[int]) -> Place | None:
    """Where the recommendation stands in the list: looked for around its page first, then in all of it. None: the list has it not."""

    def read(offset: int, limit: int) -> tuple[int, list[str]]:
        found = recommendation_queries.read(state, groups=groups, offset=offset, limit=limit)
        return found.total, [row.key for row in found.rows]

    near, _ = place_near(state, key, read)
    if near is not None:
        return near
    everything = recommendation_queries.read(state, groups=groups)
    keys = [row.key for row in everything.rows]
    return place_among(state, key, keys, start=0, total=everything.total) if key in keys else None


def _written(terms: tuple[Term, ...], *, recommendation: Recommendation, figures: Figures, top: Weakness | None) -> tuple[WrittenTerm, ...]:
    """The terms with the rounding that makes their product right to the last digit shown."""
    abouts = _abouts(recommendation, figures, top)
    printed = explanations.printed_terms(terms) if terms else ()
    return tuple(
        WrittenTerm(
            label=term.name.capitalize(),
            about=abouts.get(term.name, ""),
            text=f"{number}%" if term.percent else str(number),
            share=_bar_share(term),
            tone="high" if term.name == "threat" and recommendation.exploited else "1",
        )
        for term, number in zip(terms, printed, strict=True)
    )


def _bar_share(term: Term) -> float:
    """How far a term's bar reaches: shares as they are, breadth against twice the worst weakness, room against 100 points."""
    whole = {"breadth": 2.0, "room": 100.0, "hazard at stake": 5.0}.get(term.name, 1.0)
    return min(term.value / whole, 1.0)


def _abouts(recommendation: Recommendation, figures: Figures, top: Weakness | None) -> dict[str, str]:
    """What each term stands for, in the words of this recommendation."""
    rated = f", CVSS {top.cvss:.1f}" if top and top.cvss is not None else ", not rated by CVSS"
    others = max(recommendation.weakness_count - 1, 0)
    return {
        "severity": f"{top.cve}{rated}" if top else "The worst weakness",
        "threat": _threat_words(recommendation, top),
        "likelihood": f"Mean over the exposed machines, {f'{figures.alerts:,}' if figures.alerts else 'none'} of them with an alert",
        "breadth": f"{others:,} further weakness{'' if others == 1 else 'es'} on the same versions",
        "reach": "Exposed share of the fleet, by device value",
        "room": "Score points a unit of hazard still moves",
        "likelihood drop": "How much less likely an attack succeeds where the check passes",
        "hazard at stake": "Mean hazard of the failing machines, before likelihood",
    }


def _threat_words(recommendation: Recommendation, top: Weakness | None) -> str:
    if top is None:
        return "The worst weakness"
    if top.exploited:
        return "Exploited in the wild"
    if recommendation.top_threat > top.epss and top.exploit:
        return Weakness.Exploit(top.exploit).label
    chance = f"{100 * top.epss:.1f}%" if top.epss >= 0.0005 else "below 0.1%"
    floor = ", raised to the least that any weakness counts" if recommendation.top_threat > top.epss else ""
    return f"Chance of exploitation in 30 days (EPSS): {chance}{floor}"
