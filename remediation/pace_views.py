"""How fast what was asked for is done."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from core.answers import list_answer
from core.exports import stream
from core.lists import Facet, ListSpec, ListState
from inventory import scope
from recommendations.models import Recommendation
from remediation import pace_charts, pace_queries
from remediation.pace_queries import PRIORITIES, Mark

RANGES = (("30", "30 days"), ("90", "3 months"), ("180", "6 months"))
DEFAULT_DAYS = "180"
HEADLINE = (7, 30, 90)
SPEC = ListSpec(
    columns=(),
    sort="",
    facets=(Facet("kind", "Remediation type", tuple(Recommendation.Kind.choices)),),
    keeps=("days",),
)
HEADER = ("Days after the request", "Priority", "Machines fixed", "Machines asked for", "Percent")


@require_safe
@vary_on_headers("HX-Request", "HX-Target")
def index(request: HttpRequest) -> HttpResponse:
    """The share of targeted machines fixed within so many days, by priority."""
    state = SPEC.read(request.GET)
    days = _days(request)
    marks = _marks(request, state, days)
    context: dict[str, Any] = {
        "state": state,
        "facets": state.facets({}),
        "ranges": [(value, label, f"?{_with_days(request, value)}", value == days) for value, label in RANGES],
        "marks": marks,
        "priorities": [(label, pace_charts.TONES[name]) for name, label in PRIORITIES],
        "asked": any(mark.shares[0].asked for mark in marks),
        "headline": [(_percent(mark), f"fixed within {mark.days} days") for mark in marks if mark.days in HEADLINE],
        "figure": pace_charts.figure(marks),
        "summary": pace_charts.summary(marks),
    }
    return list_answer(request, "remediation/pace.html", context, state=state)


@require_safe
def export(request: HttpRequest) -> StreamingHttpResponse:
    """The same figures, a line for each mark and priority."""
    marks = _marks(request, SPEC.read(request.GET), _days(request))
    lines = (
        (mark.days, label, share.fixed, share.asked, "" if share.percent is None else f"{share.percent:.1f}")
        for mark in marks
        for (_, label), share in zip(PRIORITIES, mark.shares, strict=True)
    )
    return stream(filename="time-to-fix.csv", header=HEADER, rows=lines)


def _marks(request: HttpRequest, state: ListState, days: str) -> tuple[Mark, ...]:
    now, chosen = timezone.now(), scope.of(request)
    return pace_queries.pace(groups=chosen.named, kinds=state.chosen.get("kind", ()), since=now - dt.timedelta(days=int(days)), now=now)


def _percent(mark: Mark) -> str:
    percent = mark.shares[0].percent
    return "–" if percent is None else f"{percent:.0f}%"


def _days(request: HttpRequest) -> str:
    asked = request.GET.get("days", "")
    return asked if asked in dict(RANGES) else DEFAULT_DAYS


def _with_days(request: HttpRequest, value: str) -> str:
    query = request.GET.copy()
    query["days"] = value
    return query.urlencode(safe=",")
