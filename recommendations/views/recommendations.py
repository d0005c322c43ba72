"""The list of recommendations, and one of them as a flyout or a page."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers
from django_htmx.http import push_url

from core.drawing import direction
from core.flyouts import Listed
from core.htmx import wants
from core.lists import ListState, pager
from inventory import scope
from recommendations import charts, detail_queries, origins, recommendation_queries
from recommendations.counters import last_run
from recommendations.filters import SPEC
from recommendations.models import Recommendation

LISTED = Listed(SPEC, "recommendation", "recommendations:list", "recommendations:detail", "key")
VIEWS: tuple[tuple[str, dict[str, tuple[str, ...]], tuple[str, str]], ...] = (
    ("All active", {}, ("view", "all")),
    ("Ongoing threats", {"threat": ("alert", "exploited")}, ("view", "threats")),
    ("Zero day", {"tag": ("zero-day",)}, ("tag", "zero-day")),
    ("End of support", {"tag": ("eos-software", "eos-versions")}, ("view", "eos")),
    ("Exceptions", {"status": ("exception",)}, ("status", "exception")),
)


@require_safe
@vary_on_headers("HX-Request", "HX-Target")
def index(request: HttpRequest) -> HttpResponse:
    """The list; its partial `results` alone for HTMX; with `open` the flyout stands open on it."""
    state = SPEC.read(request.GET)
    context = list_context(request, state)
    if wants(request, "results"):
        return push_url(render(request, "recommendations/index.html#results", context), f"{request.path}{state.address(open='')}")
    if state.open:
        context |= flyout_context(request, state, state.open) or {"open_unknown": state.open}
    return render(request, "recommendations/index.html", context)


@require_safe
@vary_on_headers("HX-Request", "HX-Target")
def detail(request: HttpRequest, key: str) -> HttpResponse:
    """One recommendation: a page, or for HTMX the content of the flyout, whose address is then that of the list with `open`."""
    if not wants(request, "flyout"):
        found = detail_queries.find(key)
        if found is None:
            raise Http404
        reached = origins.trail(request, home=origins.LIST)
        return render(request, "recommendations/detail.html", {"trail": reached, **detail_context(request, found)})
    state = LISTED.behind(request)
    context = flyout_context(request, state or SPEC.read(QueryDict()), key)
    if context is None:
        raise Http404
    return LISTED.answer(request, "recommendations/detail.html", context, state=state, key=key, place=context["place"])


def list_context(request: HttpRequest, state: ListState) -> dict[str, Any]:
    """Everything the list shows. A page beyond the last shows the last."""
    found = recommendation_queries.page(state, groups=scope.of(request).group_ids)
    return {
        "state": state,
        "rows": found.rows,
        "largest": found.largest,
        "pager": pager(state, found.total),
        "facets": state.facets(found.counts),
        "views": _views(state, found.counts),
        "computed": last_run(request).id is not None,
        "columns": dict.fromkeys(state.columns, True),
    }


def flyout_context(request: HttpRequest, state: ListState, key: str) -> dict[str, Any] | None:
    """The detail with its place in the list. None: there is no such recommendation."""
    found = detail_queries.find(key)
    if found is None:
        return None
    place = detail_queries.place_in(state, key, groups=scope.of(request).group_ids)
    return detail_context(request, found) | {"place": place, "head": LISTED.head(state, key=key, title=found.title, place=place)}


def detail_context(request: HttpRequest, found: Recommendation) -> dict[str, Any]:
    full = detail_queries.detail(found, groups=scope.of(request).group_ids)
    trend = charts.line(days=full.days, values=full.series, name="Exposed machines", tone=direction(full.change))
    return {
        "detail": full,
        "recommendation": found,
        "trend": trend,
        "trend_rows": list(zip(full.days, full.series, strict=True))[::-1],
        "as_of": last_run(request).finished_at,
    }


def _views(state: ListState, counts: dict[str, dict[str, int]]) -> list[dict[str, Any]]:
    """Ready-made filters with their counts; the one in force is marked."""
    untouched = {facet.key: facet.default for facet in SPEC.facets}
    return [
        {
            "label": label,
            "address": state.address(q="", chosen={**untouched, **chosen}, page=1, open=""),
            "count": counts[key][value],
            "current": not state.q and state.chosen == {**untouched, **chosen},
        }
        for label, chosen, (key, value) in VIEWS
    ]
