"""The lists behind one recommendation: exposed machines, installed machines, weaknesses addressed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from core import keyset
from core.answers import list_answer
from core.lists import Column, ListSpec
from core.origin import Crumb, Trail
from core.pager import pager
from inventory import scope
from recommendations import behind_queries, detail_queries, origins
from recommendations.behind_queries import USUAL
from recommendations.models import Recommendation

_COLUMNS = (
    Column("name", "Machine", sort="+", fixed=True),
    Column("group", "Group", sort="+"),
    Column("system", "System"),
    Column("versions", "Version"),
    Column("level", "Exposure"),
    Column("score", "Score", sort="-", numeric=True),
    Column("last_seen", "Last seen", sort="-"),
)
MACHINES = ListSpec(columns=_COLUMNS, sort=USUAL, per_page=50, keeps=("from",), keyset=True)
CHECKED = replace(MACHINES, columns=tuple(column for column in _COLUMNS if column.key != "versions"))
WEAKNESSES = ListSpec(
    columns=(
        Column("name", "Weakness", sort="-", fixed=True),
        Column("severity", "Severity", sort="-"),
        Column("cvss", "CVSS", sort="-", numeric=True),
        Column("epss", "EPSS", sort="-", numeric=True, hint="Chance of being exploited in the next 30 days"),
        Column("threat", "Threats", sort="-"),
        Column("fixed", "Fixed in"),
        Column("published", "Published", sort="-"),
    ),
    sort="-threat",
    per_page=50,
    keeps=("from",),
)


def machine_spec(recommendation: Recommendation) -> ListSpec:
    """A check has no versions."""
    return CHECKED if recommendation.configuration_id else MACHINES


@require_safe
@vary_on_headers("HX-Request", "HX-Target")
def machines(request: HttpRequest, key: str, which: str) -> HttpResponse:
    """Machines that need it (`exposed`) or that have it (`installed`), the most exposed first."""
    recommendation, groups = found(key), scope.of(request).group_ids
    figures = detail_queries.figures_of(recommendation, groups=groups)
    exposed = which == "exposed"
    reached = trail_of(request, recommendation)
    state = machine_spec(recommendation).read(request.GET)
    expected = figures.exposed if exposed else figures.installed
    total, exact, part, rows = behind_queries.machine_page(recommendation, groups=groups, exposed=exposed, expected=expected, state=state)
    context: dict[str, Any] = {"recommendation": recommendation, "which": which, "rows": rows, "state": state}
    context |= {
        "trail": reached,
        "pager": keyset.pages(state, part, total, exact=exact),
        "columns": dict.fromkeys(state.columns, True),
        "more": not exact,
    }
    return list_answer(request, "recommendations/machines.html", context, state=state)


@require_safe
@vary_on_headers("HX-Request", "HX-Target")
def weaknesses(request: HttpRequest, key: str) -> HttpResponse:
    """Weaknesses that it removes, the most threatening first. A page beyond the last shows the first."""
    recommendation = found(key)
    reached = trail_of(request, recommendation)
    state = WEAKNESSES.read(request.GET)
    addressed = detail_queries.weaknesses_of(recommendation, text=state.q, sort=state.sort, offset=state.offset, limit=state.per_page)
    if not addressed.rows and state.page > 1:
        return redirect(f"{request.path}{state.address(page=1)}")
    context: dict[str, Any] = {"recommendation": recommendation, "rows": addressed.rows, "state": state}
    context |= {"trail": reached, "pager": pager(state, addressed.total), "columns": dict.fromkeys(state.columns, True)}
    return list_answer(request, "recommendations/weaknesses.html", context, state=state)


def found(key: str) -> Recommendation:
    recommendation = detail_queries.find(key)
    if recommendation is None:
        raise Http404
    return recommendation


def trail_of(request: HttpRequest, recommendation: Recommendation) -> Trail:
    """The recommendation, under what it was reached from."""
    page = reverse("recommendations:detail", args=[recommendation.key])
    return origins.trail(request, home=origins.LIST, page=page, then=(Crumb(recommendation.title, page),))
