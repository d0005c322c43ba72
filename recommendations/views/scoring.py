"""How the scores are computed: the model with the weights in force, and a live example."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from core.admin_links import admin_address
from inventory import scope
from recommendations import detail_queries, score_queries
from recommendations.counters import last_run
from recommendations.models import Cause, Recommendation, Run, ScoringSettings
from recommendations.score_change_words import DESCRIPTIONS

PROPERTIES = (
    "Adding a detection never lowers the score; fixing one never raises it.",
    "Higher EPSS, exploitation, an exploit, a higher CVSS, facing the internet or a failing check never lower it.",
    "It is at least 0 and below 100, and 0 only where nothing counts.",
    "The impact of a recommendation is the score minus the score without it; all impacts together never exceed the score.",
    "The order of reports, duplicates and repeated imports change nothing.",
    "A mitigating exception equals removal; when it ends, exactly what was there comes back.",
    "The parts of a change add up to the change.",
)


@dataclass(frozen=True, slots=True)
class Floor:
    label: str
    value: float
    tone: str
    text: str


@dataclass(frozen=True, slots=True)
class Example:
    """A recommendation with its terms as printed; `product` is what they multiply to, `parts` for the sentence."""

    key: str
    title: str
    exposed: int
    terms: tuple[detail_queries.WrittenTerm, ...]
    impact: str
    product: str


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """The page. Works before the first run too: it then has no example."""
    groups = scope.of(request).group_ids
    settings = score_queries.scoring_settings()
    last = last_run(request).id
    run = Run.objects.filter(pk=last).first() if last is not None else None
    context = {
        "settings": settings,
        "floors": floors(settings),
        "run": run,
        "everything": not scope.of(request).restricted,
        "run_differs": changed_since(run, settings),
        "exposure": score_queries.exposure_score(groups=groups, settings=settings),
        "configuration": score_queries.configuration_score(groups=groups),
        "example": example(groups),
        "causes": [(Cause(cause).label, text) for cause, text in DESCRIPTIONS],
        "properties": PROPERTIES,
        "edit": admin_address(request, settings),
    }
    return render(request, "scoring/index.html", context)


def floors(settings: ScoringSettings) -> tuple[Floor, ...]:
    """Evidence and the least threat it stands for."""
    rows = (
        ("Exploited in the wild, or an open alert names it", settings.floor_exploited, "high"),
        ("In an exploit kit", settings.floor_kit, "high"),
        ("Verified exploit", settings.floor_verified, "medium"),
        ("Public exploit", settings.floor_public, "low"),
    )
    named = [Floor(label, value, tone, f"{value:.2f}") for label, value, tone in rows]
    return (*named, Floor("No known exploit", settings.floor_any, "none", f"EPSS, at least {settings.floor_any:.2f}"))


def changed_since(run: Run | None, settings: ScoringSettings) -> bool:
    """Whether the weights were edited after the run that made the figures."""
    return run is not None and any(getattr(settings, name, value) != value for name, value in run.settings.items())


def example(groups: Sequence[int]) -> Example | None:
    """The software recommendation with the largest impact, computed from its sums as they are now."""
    first = (
        Recommendation.objects.filter(present=True, software__isnull=False, stats__group_id__in=groups, stats__impact__gt=0)
        .select_related("software", "configuration")
        .order_by("-stats__impact", "pk")
        .first()
    )
    if first is None:
        return None
    full = detail_queries.detail(first, groups=groups)
    product = Decimal(1)
    for term in full.terms:
        product *= Decimal(term.text.removesuffix("%").replace(",", "")) / (100 if term.text.endswith("%") else 1)
    return Example(
        first.key, first.title, full.figures.exposed, full.terms, full.impact_text, str(product.quantize(Decimal(full.impact_text)))
    )
