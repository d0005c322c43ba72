"""The list of recommendations, and one of them as a flyout or a page."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from django.core.cache import cache
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers
from django_htmx.http import push_url

from core import saved
from core.drawing import direction
from core.flyouts import Listed
from core.htmx import details, wants
from core.lists import ALL, ListState
from core.pager import pager
from inventory import scope
from recommendations import charts, detail_queries, insight_queries, origins, recommendation_queries
from recommendations.counters import KEEP_SECONDS, last_run
from recommendations.filters import SPEC
from recommendations.models import Recommendation
from recommendations.views.what_if import bar_context

LISTED = Listed(SPEC, "recommendation", "recommendations:list", "recommendations:detail", "key")
VIEWS: tuple[tuple[str, dict[str, tuple[str, ...]], tuple[str, str]], ...] = (
    ("All active", {}, ("view", "all")),
    ("Ongoing threats", {"threat": ("alert", "exploited")}, ("view", "threats")),
    ("Zero day", {"tag": ("zero-day",)}, ("tag", "zero-day")),
    ("End of support", {"tag": ("eos-software", "eos-versions")}, ("view", "eos")),
    ("Exceptions", {"status": ("exception",)}, ("status", "exception")),
)

LIST = saved.register("recommendations", address="recommendations:list", spec=SPEC)


@require_safe
@vary_on_headers("HX-Request", "HX-Target")
def index(request: HttpRequest) -> HttpResponse:
    """The list; its partial `results` alone for HTMX; with `open` the flyout stands open on it: beside many rows, its head."""
    opened = saved.opened(request, LIST)
    if opened.home:
        return redirect(opened.home)
    if request.GET.get("pick") == ALL:
        opened = replace(opened, state=replace(opened.state, picks=_first_ids(request, opened.state)))
        if not details(request):
            return redirect(f"{request.path}{opened.state.address()}")
    context = list_context(request, opened)
    state = opened.state
    if wants(request, "results"):
        return push_url(render(request, "recommendations/index.html#results", context), f"{request.path}{state.address(open='')}")
    if state.open:
        show = _head_context if state.per_page > SPEC.per_page else flyout_context
        context |= show(request, state, state.open) or {"open_unknown": state.open}
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


@require_safe
@vary_on_headers("HX-Request", "HX-Target")
def insights(request: HttpRequest, key: str) -> HttpResponse:
    """What stands behind the three marks of a row, for the panel; to those who follow the link, the page that says it in full."""
    if not details(request):
        return redirect(f"{reverse('recommendations:detail', args=[key])}#insights")
    found = detail_queries.find(key)
    if found is None:
        raise Http404
    context = {"insights": insight_queries.insights(found, groups=scope.of(request).group_ids)}
    return render(request, "recommendations/insight_panel.html", context)


def list_context(request: HttpRequest, opened: saved.Opened) -> dict[str, Any]:
    """Everything the list shows. A page beyond the last shows the last."""
    state = opened.state
    found = recommendation_queries.page(state, groups=scope.of(request).group_ids)
    here = {row.id for row in found.rows}
    return {
        "state": state,
        "rows": found.rows,
        "largest": found.largest,
        "pager": pager(state, found.total),
        "facets": state.facets(found.counts),
        "views": opened.bar(_views(state, found.counts), _counter(request)),
        "computed": last_run(request).id is not None,
        "picks": frozenset(state.picks),
        "picked_elsewhere": [pk for pk in state.picks if pk not in here],
        "bar": bar_context(request, state, total=found.total),
    }


def flyout_context(request: HttpRequest, state: ListState, key: str) -> dict[str, Any] | None:
    """The detail with its place in the list. None: there is no such recommendation."""
    found = detail_queries.find(key)
    if found is None:
        return None
    place = detail_queries.place_in(state, key, groups=scope.of(request).group_ids)
    return detail_context(request, found) | {"place": place, "head": LISTED.head(state, key=key, title=found.title, place=place)}


def _head_context(request: HttpRequest, state: ListState, key: str) -> dict[str, Any] | None:
    """The head of a flyout whose rest the browser asks for. None: there is no such recommendation."""
    found = detail_queries.find(key)
    return None if found is None else {"recommendation": found, "head": LISTED.head(state, key=key, title=found.title, place=None)}


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


def _views(state: ListState, counts: dict[str, dict[str, int]]) -> list[saved.ViewTab]:
    """Ready-made filters with their counts; the one in force is marked. They keep order, columns and what is picked."""
    untouched = {facet.key: facet.default for facet in SPEC.facets}
    return [
        saved.ViewTab(
            label=label,
            address=state.address(q="", chosen={**untouched, **chosen}, page=1, open=""),
            count=counts[key][value],
            current=not state.q and state.chosen == {**untouched, **chosen},
            exact=_usual(state),
        )
        for label, chosen, (key, value) in VIEWS
    ]


def _usual(state: ListState) -> bool:
    """Whether nothing but filters differs from the list as it comes."""
    plain = SPEC.read(QueryDict())
    return (state.sort, state.columns, state.per_page, state.groups) == (plain.sort, plain.columns, plain.per_page, "")


def _counter(request: HttpRequest) -> Callable[[ListState], int]:
    """Counts the rows of a saved view; a count is kept until the next run or for a minute."""
    groups, run = scope.of(request).group_ids, last_run(request)

    def count(state: ListState) -> int:
        asked = hashlib.sha256(repr((state.view_query, groups, run)).encode()).hexdigest()[:24]
        kept: int | None = cache.get_or_set(f"view:{asked}", lambda: recommendation_queries.count(state, groups=groups), KEEP_SECONDS)
        return kept or 0

    return count


def _first_ids(request: HttpRequest, state: ListState) -> tuple[int, ...]:
    """The rows of the whole list, as many as may be picked."""
    found = recommendation_queries.read(replace(state, picks=()), groups=scope.of(request).group_ids, limit=SPEC.picks)
    return tuple(row.id for row in found.rows)
