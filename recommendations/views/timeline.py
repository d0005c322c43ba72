"""The event timeline, and one event as a flyout or a page."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, QueryDict, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from core import saved
from core.answers import list_answer
from core.exports import stream
from core.flyouts import Listed
from core.htmx import details, wants
from core.lists import Column, Facet, ListSpec, ListState
from core.pager import pager
from inventory import scope
from inventory.models import Software
from recommendations import counters, origins, page_charts, score_queries, timeline_queries
from recommendations.timeline_queries import EventDetail, EventFilter
from recommendations.views import why_moved
from weaknesses.models import Event, Weakness

RANGES = (("1", "24 hours"), ("7", "7 days"), ("30", "30 days"), ("90", "90 days"))
DEFAULT_DAYS = 30
CHARTED = 120
FIRST_WEAKNESSES = 10
SHARES = (("50", "Half or more"), ("25", "25% or more"), ("10", "10% or more"), ("1", "1% or more"))
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
    facets=(Facet("type", "Type", tuple(Event.Kind.choices)), Facet("impacted", "Impacted machines", SHARES)),
    keeps=("from", "to", "days", "software", "score"),
)
LISTED = Listed(SPEC, "event", "recommendations:timeline", "recommendations:event", "pk")
WEAKNESSES = ListSpec(columns=(Column("name", "Weakness", fixed=True),), sort="-threat", per_page=50, keeps=("from",))
WEAKNESS_HEADER = ("CVE", "Title", "Severity", "CVSS", "EPSS", "Exploit", "Exploited in the wild", "Exposed machines")
LIST = saved.register("timeline", address="recommendations:timeline", spec=SPEC)


@dataclass(frozen=True, slots=True)
class Window:
    """The days shown, both included. `days`: one of RANGES, empty for days of one's own. `since`: a moment within the first day.

    `wrong`: dates that could not be read.
    """

    first: dt.date
    last: dt.date
    days: str
    wrong: tuple[str, ...] = ()
    since: dt.datetime | None = None

    @property
    def charted(self) -> dt.date:
        """The first day of the chart, which holds the last CHARTED days at most."""
        return max(self.first, self.last - dt.timedelta(days=CHARTED - 1))


@require_safe
@vary_on_headers("HX-Request", "HX-Target")
def index(request: HttpRequest) -> HttpResponse:
    """Events of a window of days, the newest first. With `open` the flyout stands on one of them."""
    now = timezone.now()
    opened = saved.opened(request, LIST)
    if opened.home:
        return redirect(opened.home)
    state, window = opened.state, window_of(request.GET, now=now)
    chosen = _filter(request, request.GET, state, window)
    total = timeline_queries.matching(chosen).count()
    place = pager(state, total)
    history = score_queries.exposure_history(groups=chosen.groups, first=window.charted, last=window.last)
    context: dict[str, Any] = {
        "state": state,
        "views": opened.bar(),
        "window": window,
        "rows": timeline_queries.newest(chosen, offset=(place.page - 1) * state.per_page, limit=state.per_page),
        "pager": place,
        "counts": timeline_queries.counts(chosen),
        "score": history[-1].value if history else None,
        "change": page_charts.change(history),
        "chart": page_charts.new_weaknesses(
            timeline_queries.new_per_day(chosen),
            history,
            events=timeline_queries.per_day(chosen),
            first=window.charted,
            last=window.last,
            address=_kept(request),
        ),
        "ranges": _ranges(request, window, now=now),
        "hidden_days": state.hidden("from", "to", "days"),
        "why": why_moved.panel(request, groups=chosen.groups, first=window.first, last=window.last),
        "software": Software.objects.filter(key=chosen.software).first() if chosen.software else None,
        "without_software": _address(request, software=""),
        "all_days": _address(request, days=str(DEFAULT_DAYS)),
        "facets": state.facets({}),
        "columns": dict.fromkeys(state.columns, True),
        "computed": counters.last_run(request).id,
    }
    if state.open and not wants(request, "results"):
        context |= _opened(request, request.GET, state) or {"open_unknown": state.open}
    return list_answer(request, "timeline/index.html", context, state=state)


@require_safe
def export(request: HttpRequest) -> StreamingHttpResponse:
    """The same events without pages."""
    chosen = _filter(request, request.GET, SPEC.read(request.GET), window_of(request.GET, now=timezone.now()))
    rows = (timeline_queries.export_row(row) for row in timeline_queries.every(chosen))
    return stream(filename="timeline.csv", header=timeline_queries.EXPORT_HEADER, rows=rows)


@require_safe
@vary_on_headers("HX-Request", "HX-Target")
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One event: a page with all its weaknesses, or for HTMX the content of the flyout."""
    if wants(request, "flyout"):
        state = LISTED.behind(request)
        query = QueryDict((details(request).current_url_abs_path or "").partition("?")[2]) if state else QueryDict()
        context = _flyout_context(request, query, state or SPEC.read(query), pk)
        if context is None:
            raise Http404
        return LISTED.answer(request, "timeline/detail.html", context, state=state, key=str(pk), place=context["place"])
    found, groups = _found(request, pk), scope.of(request).group_ids
    reached = origins.trail(request, home="recommendations:timeline")
    state = WEAKNESSES.read(request.GET)
    place = pager(state, len(found.weakness_ids))
    rows = timeline_queries.weaknesses_of(found, groups=groups, offset=(place.page - 1) * state.per_page, limit=state.per_page)
    context = {"event": found, "row": found.row, "trail": reached, "weaknesses": rows, "state": state, "pager": place}
    return render(request, "timeline/detail.html", context)


@require_safe
def export_weaknesses(request: HttpRequest, pk: int) -> StreamingHttpResponse:
    """All weaknesses that the event names."""
    chosen = scope.of(request)
    rows = _weakness_rows(_found(request, pk), groups=chosen.group_ids, everything=chosen.is_all)
    return stream(filename=f"event-{pk}-weaknesses.csv", header=WEAKNESS_HEADER, rows=rows)


def window_of(query: QueryDict, *, now: dt.datetime) -> Window:
    """`from` and `to`, else the last `days`, else thirty; days of UTC. Unreadable dates are named and ignored; swapped ones are turned."""
    today = now.astimezone(dt.UTC).date()
    first, last, wrong = dates_of(query)
    if first or last:
        first, last = first or dt.date(2000, 1, 1), last or today
        return Window(min(first, last), max(first, last), "", wrong)
    days = query.get("days", "")
    days = days if days in dict(RANGES) else str(DEFAULT_DAYS)
    return Window(_first_day(days, now=now), today, days, wrong, _since(now) if days == "1" else None)


def dates_of(query: QueryDict) -> tuple[dt.date | None, dt.date | None, tuple[str, ...]]:
    """`from`, `to`, and those of them that are no date."""
    first, last = _date(query, "from"), _date(query, "to")
    wrong = tuple(f"{name} {query[name]}" for name, value in (("from", first), ("to", last)) if query.get(name) and value is None)
    return first, last, wrong


def _first_day(days: str, *, now: dt.datetime) -> dt.date:
    """The first day of a range: that of a day ago, else so many days with today."""
    return _since(now).date() if days == "1" else now.astimezone(dt.UTC).date() - dt.timedelta(days=int(days) - 1)


def _since(now: dt.datetime) -> dt.datetime:
    return now.astimezone(dt.UTC) - dt.timedelta(hours=24)


def _date(query: QueryDict, name: str) -> dt.date | None:
    try:
        return parse_date(query.get(name, ""))
    except ValueError:
        return None


def _filter(request: HttpRequest, query: QueryDict, state: ListState, window: Window) -> EventFilter:
    return EventFilter(
        groups=scope.of(request).group_ids,
        first=window.first,
        last=window.last,
        kinds=state.chosen["type"],
        software=query.get("software", "").replace("\x00", ""),
        text=state.q,
        since=window.since,
        share=min((float(share) for share in state.chosen["impacted"]), default=None),
        restricted=scope.of(request).restricted,
    )


def _found(request: HttpRequest, pk: int) -> EventDetail:
    found = timeline_queries.find(pk, groups=scope.of(request).group_ids, restricted=scope.of(request).restricted)
    if found is None:
        raise Http404
    return found


def _opened(request: HttpRequest, query: QueryDict, state: ListState) -> dict[str, Any] | None:
    is_number = state.open.isdecimal() and len(state.open) < 10
    return _flyout_context(request, query, state, int(state.open)) if is_number else None


def _flyout_context(request: HttpRequest, query: QueryDict, state: ListState, pk: int) -> dict[str, Any] | None:
    """An event with its place in the list, and its worst weaknesses. None: there is no such event."""
    groups = scope.of(request).group_ids
    found = timeline_queries.find(pk, groups=groups, restricted=scope.of(request).restricted)
    if found is None:
        return None
    chosen = _filter(request, query, state, window_of(query, now=timezone.now()))
    place = timeline_queries.place_in(chosen, state, pk)
    return {
        "event": found,
        "row_open": found.row,
        "weaknesses": timeline_queries.weaknesses_of(found, groups=groups, limit=FIRST_WEAKNESSES),
        "place": place,
        "head": LISTED.head(state, key=str(pk), title=found.row.sentence, place=place),
        "as_of": counters.last_run(request).finished_at,
    }


def _weakness_rows(found: EventDetail, *, groups: list[int], everything: bool, chunk: int = 500) -> Iterator[tuple[object, ...]]:
    for start in range(0, len(found.weakness_ids), chunk):
        entries = timeline_queries.weaknesses_of(found, groups=groups, offset=start, limit=chunk)
        here = {} if everything else timeline_queries.exposed_here([entry.weakness.pk for entry in entries], groups=groups)
        for entry in entries:
            weakness = entry.weakness
            severity, exploit = Weakness.Severity(weakness.severity).label, Weakness.Exploit(weakness.exploit).label
            exposed = weakness.exposed_count if everything else here.get(weakness.pk, 0)
            yield weakness.cve, weakness.title, severity, weakness.cvss, weakness.epss, exploit, weakness.exploited, exposed


def _ranges(request: HttpRequest, window: Window, *, now: dt.datetime) -> list[dict[str, Any]]:
    """The ready-made ranges, each with the day it begins and its address."""
    return [
        {
            "label": label,
            "since": _first_day(days, now=now),
            "address": _address(request, days=days),
            "current": days == window.days,
        }
        for days, label in RANGES
    ]


def _kept(request: HttpRequest) -> str:
    """What the list is narrowed to beside its days, for the addresses of single days."""
    query = request.GET.copy()
    for name in ("page", "open", "from", "to", "days"):
        query.pop(name, None)
    return query.urlencode()


def _address(request: HttpRequest, **changes: str) -> str:
    """This page with other days or software; a new choice starts at the first page."""
    query = request.GET.copy()
    for name in ("page", "open", *(("from", "to") if "days" in changes else ())):
        query.pop(name, None)
    for name, value in changes.items():
        if value:
            query[name] = value
        else:
            query.pop(name, None)
    return "?" + query.urlencode()
