"""The lists behind one recommendation: exposed machines, installed machines, weaknesses addressed."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from core.lists import Column, ListSpec, pager
from core.origin import Crumb, Trail
from inventory import scope
from recommendations import detail_queries, origins
from recommendations.models import Recommendation

MACHINES = ListSpec(columns=(Column("name", "Machine", fixed=True),), sort="-score", per_page=50, keeps=("from",))
WEAKNESSES = ListSpec(columns=(Column("name", "Weakness", fixed=True),), sort="-threat", per_page=50, keeps=("from",))


@require_safe
def machines(request: HttpRequest, key: str, which: str) -> HttpResponse:
    """Machines that need it (`exposed`) or that have it (`installed`), the most exposed first."""
    recommendation, groups = found(key), scope.of(request).group_ids
    figures = detail_queries.figures_of(recommendation, groups=groups)
    exposed = which == "exposed"
    reached = trail_of(request, recommendation)
    state = MACHINES.read(request.GET)
    pages = pager(state, figures.exposed if exposed else figures.installed)
    rows = detail_queries.machines_of(
        recommendation,
        groups=groups,
        exposed=exposed,
        expected=pages.total,
        offset=(pages.page - 1) * state.per_page,
        limit=state.per_page,
    )
    context: dict[str, Any] = {"recommendation": recommendation, "which": which, "rows": rows, "state": state, "pager": pages}
    context["trail"] = reached
    return render(request, "recommendations/machines.html", context)


@require_safe
def weaknesses(request: HttpRequest, key: str) -> HttpResponse:
    """Weaknesses that it removes, the most threatening first."""
    recommendation = found(key)
    reached = trail_of(request, recommendation)
    state = WEAKNESSES.read(request.GET)
    addressed = detail_queries.weaknesses_of(recommendation, text=state.q, offset=state.offset, limit=state.per_page)
    if not addressed.rows and state.page > 1:
        raise Http404
    context: dict[str, Any] = {"recommendation": recommendation, "rows": addressed.rows, "state": state}
    context["pager"] = pager(state, addressed.total)
    context["trail"] = reached
    return render(request, "recommendations/weaknesses.html", context)


def found(key: str) -> Recommendation:
    recommendation = detail_queries.find(key)
    if recommendation is None:
        raise Http404
    return recommendation


def trail_of(request: HttpRequest, recommendation: Recommendation) -> Trail:
    """The recommendation, under what it was reached from."""
    page = reverse("recommendations:detail", args=[recommendation.key])
    return origins.trail(request, home=origins.LIST, page=page, then=(Crumb(recommendation.title, page),))
