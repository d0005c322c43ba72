"""The page of one software, a tab at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from core import lists, tabs
from core.exports import stream
from core.lists import ListSpec
from inventory import scope
from recommendations import counters, origins, page_charts, software_queries, timeline_queries, update_queries
from recommendations.recommendation_queries import scale_of, total_weight
from recommendations.software_queries import SoftwarePage
from recommendations.timeline_queries import EventFilter
from recommendations.views.software_exports import EXPORTS

TAB_SPEC = ListSpec(columns=(), sort="", per_page=50, keeps=("tab", "support", "from"))
DAYS = 30


@require_safe
def detail(request: HttpRequest, key: str) -> HttpResponse:
    """One software, a tab at a time."""
    groups = scope.of(request).group_ids
    page = _page(key, groups)
    reached = origins.trail(request, home=origins.SOFTWARE)
    today = timezone.now().date()
    first, last = page_charts.days_until(today, DAYS)
    chosen = EventFilter(groups=groups, software=key)
    events = timeline_queries.matching(chosen).count()
    updates = _missing_updates(page, groups)
    shown = tabs.tabs(
        request.GET,
        (
            ("recommendations", "Recommendations", len(page.fixes)),
            ("vulnerabilities", "Discovered vulnerabilities", page.weaknesses),
            ("machines", "Installed machines", page.installed),
            ("versions", "Version distribution", page.versions),
            *((("updates", "Missing KBs", updates),) if _has_updates(page) else ()),
            ("timeline", "Event timeline", events),
        ),
    )
    days = software_queries.exposed_days(software_ids=[page.software.pk], groups=groups, first=first, last=last).get(page.software.pk, ())
    month = timeline_queries.per_day(EventFilter(groups=groups, software=key, first=first, last=last))
    context = {
        "page": page,
        "trail": reached,
        "tabs": shown,
        "tab": tabs.current(shown),
        "chart": page_charts.exposed_machines(days, installed=page.installed, events=month, address=f"software={key}"),
        "change": page_charts.change(days),
        "parts": (("high", "Exposed", page.exposed), ("none", "Installed, not exposed", page.installed - page.exposed)),
        "severities": [(count.severity, count.label, count.weaknesses) for count in page.severities if count.severity],
        "computed": counters.last_run(request).id,
        **TABS[tabs.current(shown)](request, page, groups),
    }
    return render(request, "software/detail.html", context)


@require_safe
def detail_export(request: HttpRequest, key: str) -> StreamingHttpResponse:
    """All rows of the shown tab."""
    groups = scope.of(request).group_ids
    page = _page(key, groups)
    tab = request.GET.get("tab", "")
    header, rows = EXPORTS.get(tab, EXPORTS["recommendations"])(page, groups)
    return stream(filename=f"{key}-{tab or 'recommendations'}.csv", header=header, rows=rows)


def _page(key: str, groups: Sequence[int]) -> SoftwarePage:
    page = software_queries.software_page(key=key, groups=groups, scale=scale_of(total_weight(groups)))
    if page is None:
        raise Http404(f"No software has the id {key}.")
    return page


def _recommendations_tab(request: HttpRequest, page: SoftwarePage, groups: Sequence[int]) -> dict[str, Any]:
    return {"largest": max((fix.impact for fix in page.fixes), default=0.0)}


def _vulnerabilities_tab(request: HttpRequest, page: SoftwarePage, groups: Sequence[int]) -> dict[str, Any]:
    state = TAB_SPEC.read(request.GET)
    total, rows = software_queries.weakness_rows(software_id=page.software.pk, groups=groups, offset=state.offset, limit=state.per_page)
    return {"rows": rows, "pager": lists.pager(state, total), "state": state}


def _machines_tab(request: HttpRequest, page: SoftwarePage, groups: Sequence[int]) -> dict[str, Any]:
    state = TAB_SPEC.read(request.GET)
    rows = software_queries.software_carriers(page=page, groups=groups, offset=state.offset, limit=state.per_page)
    return {"rows": rows, "pager": lists.pager(state, page.installed), "state": state}


def _versions_tab(request: HttpRequest, page: SoftwarePage, groups: Sequence[int]) -> dict[str, Any]:
    state = TAB_SPEC.read(request.GET)
    support = request.GET.get("support", "")
    support = support if support in ("ended", "upcoming") else ""
    total, rows = software_queries.version_rows(
        software_id=page.software.pk, groups=groups, today=timezone.now().date(), support=support, offset=state.offset, limit=state.per_page
    )
    return {"rows": rows, "support": support, "pager": lists.pager(state, total), "state": state}


def _missing_updates(page: SoftwarePage, groups: Sequence[int]) -> int | None:
    """How many updates machines lack; None where nobody can say yet."""
    if not (_has_updates(page) and update_queries.are_known()):
        return None
    return update_queries.missing_in_software(software_id=page.software.pk, groups=groups, limit=1)[0]


def _has_updates(page: SoftwarePage) -> bool:
    return update_queries.has_updates(page.software)


def _updates_tab(request: HttpRequest, page: SoftwarePage, groups: Sequence[int]) -> dict[str, Any]:
    state = TAB_SPEC.read(request.GET)
    total, rows = update_queries.missing_in_software(software_id=page.software.pk, groups=groups, offset=state.offset, limit=state.per_page)
    return {"rows": rows, "pager": lists.pager(state, total), "state": state, "updates_known": bool(rows) or update_queries.are_known()}


def _timeline_tab(request: HttpRequest, page: SoftwarePage, groups: Sequence[int]) -> dict[str, Any]:
    state = TAB_SPEC.read(request.GET)
    chosen = EventFilter(groups=groups, software=page.software.key)
    total = timeline_queries.matching(chosen).count()
    rows = timeline_queries.newest(chosen, offset=state.offset, limit=state.per_page)
    return {"rows": rows, "pager": lists.pager(state, total), "state": state}


TABS: dict[str, Callable[[HttpRequest, SoftwarePage, Sequence[int]], dict[str, Any]]] = {
    "recommendations": _recommendations_tab,
    "vulnerabilities": _vulnerabilities_tab,
    "machines": _machines_tab,
    "versions": _versions_tab,
    "updates": _updates_tab,
    "timeline": _timeline_tab,
}
