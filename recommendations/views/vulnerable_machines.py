"""The report on vulnerable machines: trends, today, and the machines behind each bar."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from core import keyset
from core.answers import list_answer
from core.exports import stream
from core.lists import Column, Facet, ListSpec, ListState
from inventory import scope
from recommendations import counters, report_charts, risk_queries
from recommendations.page_charts import Chart
from recommendations.report_charts import Bar
from recommendations.risk_queries import RiskFilter, Way
from recommendations.views.timeline import Window, dates_of

RANGES = (("30", "30 days"), ("90", "3 months"), ("180", "6 months"))
DEFAULT_DAYS = "30"
LEVELS = ("None", "Low", "Medium", "High", "Critical")
REPORT = ListSpec(columns=(), sort="", keeps=("from", "to", "days"))
MACHINES = ListSpec(
    columns=(
        Column("name", "Machine", sort="+", fixed=True),
        Column("group", "Group"),
        Column("platform", "OS platform"),
        Column("release", "Windows version"),
        Column("system", "System", shown=False),
        Column("severity", "Worst weakness", sort="-", hint="The highest severity among its weaknesses"),
        Column("exploit", "Exploit", hint="The highest exploit level among its weaknesses"),
        Column("published", "Oldest weakness", sort="+", hint="The day on which the oldest of its weaknesses was published"),
        Column("level", "Exposure level"),
        Column("score", "Score", numeric=True),
        Column("last_seen", "Last seen"),
    ),
    sort="-severity",
    keyset=True,
)


@dataclass(frozen=True, slots=True)
class Section:
    """One way of counting on the page. `most`: machines of its longest bar."""

    way: Way
    chart: Chart | None
    bars: tuple[Bar, ...]
    most: int


@require_safe
@vary_on_headers("HX-Request", "HX-Target")
def index(request: HttpRequest) -> HttpResponse:
    """Vulnerable machines of the chosen groups by five ways of counting."""
    today = timezone.now().date()
    window = window_of(request, today=today)
    ways = risk_queries.ways(first=window.first)
    state = _spec(REPORT, ways).read(request.GET)
    chosen = _filter(request, state, ways, today=today)
    counts = risk_queries.counts(chosen)
    history = risk_queries.history(chosen, first=window.first, last=window.last)
    context: dict[str, Any] = {
        "state": state,
        "window": window,
        "ranges": [(value, label, _with_days(state, value), value == window.days) for value, label in RANGES],
        "carried": [pair for pair in state.parameters() if pair[0] not in ("from", "to", "days")],
        "facets": state.facets({way.key: {bucket.key: counts.of(way, bucket) for bucket in way.buckets} for way in ways}),
        "total": counts.total,
        "of_all": f"of {risk_queries.scored_machines(chosen.groups):,}",
        "worst": counts.by_way.get("severity", {}).get("4", 0),
        "verified": counts.by_way.get("exploit", {}).get("2", 0),
        "sections": [_section(way, counts, history, address=_machines_address(state, way)) for way in ways if way.buckets],
        "machines_address": _machines_address(state).rstrip("?&"),
        "counted": risk_queries.is_counted(),
        "computed": counters.last_run(request).id,
    }
    return list_answer(request, "reports/vulnerable_machines.html", context, state=state)


@require_safe
def export(request: HttpRequest) -> StreamingHttpResponse:
    """The numbers of today and of the shown days, a line for each day, way of counting and value."""
    today = timezone.now().date()
    window = window_of(request, today=today)
    ways = risk_queries.ways(first=window.first)
    chosen = _filter(request, _spec(REPORT, ways).read(request.GET), ways, today=today)
    history = risk_queries.history(chosen, first=window.first, last=window.last)
    counts = risk_queries.counts(chosen)
    buckets = [(way, bucket) for way in ways for bucket in way.buckets]
    now = (("today", way.title, bucket.label, counts.of(way, bucket)) for way, bucket in buckets)
    before = ((day.isoformat(), way.title, bucket.label, history.of(day, way, bucket)) for day in history.days for way, bucket in buckets)
    return stream(filename="vulnerable-machines-report.csv", header=("Day", "Counted by", "Value", "Machines"), rows=(*now, *before))


@require_safe
@vary_on_headers("HX-Request", "HX-Target")
def machines(request: HttpRequest) -> HttpResponse:
    """The machines that a bar counts, the worst first."""
    ways = risk_queries.ways()
    state = _spec(MACHINES, ways).read(request.GET)
    chosen = _filter(request, state, ways, today=timezone.now().date())
    total, exact = risk_queries.count_machines(chosen)
    part, rows = risk_queries.machines(chosen, state, total=total if exact else 0)
    context: dict[str, Any] = {
        "state": state,
        "rows": rows,
        "pager": keyset.pages(state, part, total, exact=exact),
        "more": not exact,
        "facets": state.facets({}),
        "columns": dict.fromkeys(state.columns, True),
        "report": f"{reverse('recommendations:vulnerable_machines')}{_report_query(state, ways)}",
        "counted": risk_queries.is_counted(),
    }
    return list_answer(request, "reports/machines.html", context, state=state)


@require_safe
def machines_export(request: HttpRequest) -> StreamingHttpResponse:
    """The same list without pages."""
    ways = risk_queries.ways()
    chosen = _filter(request, _spec(MACHINES, ways).read(request.GET), ways, today=timezone.now().date())
    header = (
        *("Machine", "Domain", "Group", "OS platform", "Windows version", "System"),
        *("Worst weakness", "Exploit", "Oldest weakness published on", "Score", "Last seen"),
    )
    rows = (
        (
            *(m.name, m.domain, m.group, m.platform, m.release, m.system),
            *(LEVELS[m.severity] if m.severity else "Not rated", m.exploit_label, m.published_on, m.score, m.last_seen),
        )
        for m in risk_queries.every_machine(chosen)
    )
    return stream(filename="vulnerable-machines.csv", header=header, rows=rows)


def window_of(request: HttpRequest, *, today: dt.date) -> Window:
    """`from` and `to`, else the last `days`, else thirty."""
    first, last, wrong = dates_of(request.GET)
    if first or last:
        last = min(last or today, today)
        first = first or last - dt.timedelta(days=int(DEFAULT_DAYS) - 1)
        return Window(min(first, last), max(first, last), "", wrong)
    days = request.GET.get("days", "")
    days = days if days in dict(RANGES) else DEFAULT_DAYS
    return Window(today - dt.timedelta(days=int(days) - 1), today, days, wrong)


def _spec(plain: ListSpec, ways: tuple[Way, ...]) -> ListSpec:
    """The list with a filter for each way of counting."""
    facets = tuple(Facet(way.key, way.title, tuple((bucket.key, bucket.label) for bucket in way.buckets)) for way in ways)
    return replace(plain, facets=facets)


def _filter(request: HttpRequest, state: ListState, ways: tuple[Way, ...], *, today: dt.date) -> RiskFilter:
    values: dict[str, Any] = {way.key: way.values(state.chosen[way.key]) for way in ways}
    return RiskFilter(groups=scope.of(request).group_ids, today=today, text=state.q, sort=state.sort, **values)


def _section(way: Way, counts: risk_queries.Counts, history: risk_queries.History, *, address: str) -> Section:
    shown = report_charts.toned(way, counts, history)
    rows = report_charts.bars(way, counts, history, shown, address=address)
    return Section(way, report_charts.trend(way, history, shown), rows, max((bar.machines for bar in rows), default=0))


def _machines_address(state: ListState, way: Way | None = None) -> str:
    """The list with the filters of the report, but without that of `way`: its bars set it. Ends ready for a parameter."""
    left_out = {"from", "to", "days", "q", way.key if way else ""}
    pairs = [(name, value) for name, value in state.parameters() if name not in left_out]
    query = urlencode(pairs, safe=",")
    return f"{reverse('recommendations:vulnerable_machine_list')}?{query}{'&' if query else ''}"


def _report_query(state: ListState, ways: tuple[Way, ...]) -> str:
    kept = {way.key for way in ways} | {"groups"}
    query = urlencode([pair for pair in state.parameters() if pair[0] in kept], safe=",")
    return f"?{query}" if query else ""


def _with_days(state: ListState, days: str) -> str:
    """The report over other days."""
    pairs = [(name, value) for name, value in state.parameters() if name not in ("from", "to", "days")]
    return "?" + urlencode([*pairs, *([("days", days)] if days != DEFAULT_DAYS else [])], safe=",")
