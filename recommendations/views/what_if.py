"""What the scores would be if picked recommendations were done: the bar below the list, and a page."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from core.lists import ALL, ListState
from inventory import scope
from recommendations import what_if_queries
from recommendations.counters import last_run
from recommendations.filters import MOST_PICKS, SPEC
from recommendations.what_if_queries import Plan


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """The picked recommendations in the order of the address, done one after the other and together."""
    state = SPEC.read(request.GET)
    plan = what_if_queries.plan(state.picks, groups=scope.of(request).group_ids, with_levels=True)
    context = {
        "plan": plan,
        "state": state,
        "rows": _movable(state, plan),
        "most": MOST_PICKS,
        "computed": last_run(request).id is not None,
        "list_address": f"{reverse('recommendations:list')}{state.address()}",
        "export_address": f"{reverse('recommendations:export')}?{_only_picks(state)}",
        "picks_query": _only_picks(state),
        "links": links(request, plan),
    }
    return render(request, "recommendations/what_if.html", context)


@require_safe
def picked(request: HttpRequest) -> HttpResponse:
    """The bar of what is picked, for the list that the address describes."""
    state = SPEC.read(request.GET)
    return render(request, "recommendations/bulk.html", bar_context(request, state, total=_total(request)))


def bar_context(request: HttpRequest, state: ListState, *, total: int | None) -> dict[str, Any]:
    """What the bar says. `total`: rows of the whole list, all of which may be picked; None: not known."""
    plan = what_if_queries.plan(state.picks, groups=scope.of(request).group_ids) if state.picks else None
    home, every = reverse("recommendations:list"), state.address(picks=(), open="", page=1)
    return {
        "plan": plan,
        "picked": len(state.picks),
        "most": MOST_PICKS,
        "total": total,
        "state": state,
        "clear_address": f"{home}{state.address(picks=(), open='')}",
        "all_address": f"{home}{every.removesuffix('?')}{'?' if every == '?' else '&'}pick={ALL}",
        "what_if_address": f"{reverse('recommendations:what_if')}{state.address(open='')}",
        "picks_query": _only_picks(state),
        "export_address": f"{reverse('recommendations:export')}?{_only_picks(state)}",
        "links": links(request, plan) if plan else "",
    }


def links(request: HttpRequest, plan: Plan) -> str:
    """Titles and addresses, a line each: what is copied."""
    return "\n".join(
        f"{planned.row.title} - {request.build_absolute_uri(reverse('recommendations:detail', args=[planned.row.key]))}"
        for planned in plan.rows
    )


def _movable(state: ListState, plan: Plan) -> list[dict[str, Any]]:
    """Each row with the addresses that take it out or move it."""
    ids = [planned.row.id for planned in plan.rows]
    rows = []
    for place, planned in enumerate(plan.rows):
        rows.append(
            {
                "planned": planned,
                "without": _address(state, [*ids[:place], *ids[place + 1 :]]),
                "earlier": _address(state, _swapped(ids, place - 1)) if place else "",
                "later": _address(state, _swapped(ids, place)) if place + 1 < len(ids) else "",
            }
        )
    return rows


def _swapped(ids: list[int], place: int) -> list[int]:
    return [*ids[:place], ids[place + 1], ids[place], *ids[place + 2 :]]


def _address(state: ListState, ids: list[int]) -> str:
    return state.address(picks=tuple(ids))


def _only_picks(state: ListState) -> str:
    """The picked rows and the machine groups of the address, without the list they were picked from."""
    return urlencode([(name, value) for name, value in state.parameters() if name in ("pick", "groups")], safe=",")


def _total(request: HttpRequest) -> int | None:
    text = request.GET.get("of", "")
    return int(text) if text.isdecimal() and len(text) < 10 else None
