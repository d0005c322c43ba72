"""The event timeline."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict, StreamingHttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from core import lists, saved
from core.answers import list_answer
from core.exports import stream
from core.lists import Column, Facet, ListSpec, ListState
from inventory import scope
from inventory.models import Software
from recommendations import counters, page_charts, score_queries, timeline_queries
from recommendations.timeline_queries import EventFilter
from weaknesses.models import Event

RANGES = (("1", "24 hours"), ("7", "7 days"), ("30", "30 days"), ("90", "90 days"))
DEFAULT_DAYS = 30
CHARTED = 120
SPEC = ListSpec(
    columns=(
        Column("date", "Date (UTC)", fixed=True),
        Column("event", "Event", fixed=True),
        Column("component", "Related component"),
        Column("machines", "Originally impacted", numeric=True),
        Column("now", "Currently impacted", numeric=True),
        Column("type", "Type"),
        Column("score", "Score trend"),
    ),
    sort="",
    facets=(Facet("type", "Type", tuple(Event.Kind.choices)),),
    keeps=("from", "to", "days", "software"),
)
LIST = saved.register("timeline", address="recommendations:timeline", spec=SPEC)


@dataclass(frozen=True, slots=True)
class Window:
    """The days shown, both included. `days`: one of RANGES, empty for days of one's own. `wrong`: dates that could not be read."""

    first: dt.date
    last: dt.date
    days: str
    wrong: tuple[str, ...] = ()

    @property
    def charted(self) -> dt.date:
        """The first day of the chart, which holds the last CHARTED days at most."""
        return max(self.first, self.last - dt.timedelta(days=CHARTED - 1))


@require_safe
@vary_on_headers("HX-Request", "HX-Target")
def index(request: HttpRequest) -> HttpResponse:
    """Events of a window of days, the newest first."""
    opened, window = saved.opened(request, LIST), window_of(request.GET, today=timezone.now().date())
    if opened.home:
        return redirect(opened.home)
    state = opened.state
    chosen = _filter(request, state, window)
    total = timeline_queries.matching(chosen).count()
    history = score_queries.exposure_history(groups=chosen.groups, first=window.charted, last=window.last)
    context: dict[str, Any] = {
        "state": state,
        "views": opened.bar(),
        "window": window,
        "rows": timeline_queries.newest(chosen, offset=state.offset, limit=state.per_page),
        "pager": lists.pager(state, total),
        "counts": timeline_queries.counts(chosen),
        "score": history[-1].value if history else None,
        "change": page_charts.change(history),
        "chart": page_charts.new_weaknesses(timeline_queries.new_per_day(chosen), history, first=window.charted, last=window.last),
        "ranges": [(value, label, _address(request, days=value), value == window.days) for value, label in RANGES],
        "software": Software.objects.filter(key=chosen.software).first() if chosen.software else None,
        "without_software": _address(request, software=""),
        "facets": state.facets({}),
        "columns": dict.fromkeys(state.columns, True),
        "computed": counters.last_run(request).id,
    }
    return list_answer(request, "timeline/index.html", context, state=state)


@require_safe
def export(request: HttpRequest) -> StreamingHttpResponse:
    """The same events without pages."""
    chosen = _filter(request, SPEC.read(request.GET), window_of(request.GET, today=timezone.now().date()))
    rows = (timeline_queries.export_row(row) for row in timeline_queries.every(chosen))
    return stream(filename="timeline.csv", header=timeline_queries.EXPORT_HEADER, rows=rows)


def window_of(query: QueryDict, *, today: dt.date) -> Window:
    """`from` and `to`, else the last `days`, else thirty. Dates that cannot be read are named and ignored; swapped ones are turned."""
    first, last, wrong = _date(query, "from"), _date(query, "to"), []
    for name, value in (("from", first), ("to", last)):
        if query.get(name) and value is None:
            wrong.append(f"{name} {query[name]}")
    if first or last:
        first, last = first or dt.date(2000, 1, 1), last or today
        return Window(min(first, last), max(first, last), "", tuple(wrong))
    days = query.get("days", "")
    days = days if days in dict(RANGES) else str(DEFAULT_DAYS)
    return Window(today - dt.timedelta(days=int(days) - (0 if days == "1" else 1)), today, days, tuple(wrong))


def _date(query: QueryDict, name: str) -> dt.date | None:
    try:
        return parse_date(query.get(name, ""))
    except ValueError:
        return None


def _filter(request: HttpRequest, state: ListState, window: Window) -> EventFilter:
    return EventFilter(
        groups=scope.of(request).group_ids,
        first=window.first,
        last=window.last,
        kinds=state.chosen["type"],
        software=request.GET.get("software", "").replace("\x00", ""),
        text=state.q,
    )


def _address(request: HttpRequest, **changes: str) -> str:
    """This page with other days or software; a new choice starts at the first page."""
    query = request.GET.copy()
    for name in ("page", *(("from", "to") if "days" in changes else ())):
        query.pop(name, None)
    for name, value in changes.items():
        if value:
            query[name] = value
        else:
            query.pop(name, None)
    return "?" + query.urlencode()
