"""The list of software, and the page of one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from core import lists, tabs
from core.answers import list_answer
from core.exports import stream
from core.lists import Column, Facet, ListSpec, ListState
from inventory import scope
from inventory.models import Software
from recommendations import counters, page_charts, software_queries, timeline_queries
from recommendations.recommendation_queries import scale_of, total_weight
from recommendations.software_queries import SoftwareFilter, SoftwarePage
from recommendations.timeline_queries import EventFilter

SUPPORT = {
    "ended": (Software.Support.ENDED,),
    "ended-versions": (Software.Support.ENDED_VERSIONS,),
    "upcoming": (Software.Support.UPCOMING, Software.Support.UPCOMING_VERSIONS),
}
SPEC = ListSpec(
    columns=(
        Column("name", "Software", sort="+", fixed=True),
        Column("vendor", "Vendor", sort="+"),
        Column("ecosystem", "Kind"),
        Column("weaknesses", "Weaknesses", sort="-", numeric=True),
        Column("threats", "Threats"),
        Column("exposed", "Exposed machines", sort="-", hint="Exposed of all that have it, and the last 30 days"),
        Column("installed", "Installed", sort="-", shown=False, numeric=True),
        Column("impact", "Impact", sort="-", hint="What the exposure score drops at least when all its recommendations are done"),
        Column("tags", "Tags"),
    ),
    sort="-impact",
    facets=(
        Facet("weaknesses", "Weaknesses", (("has", "Has weaknesses"),)),
        Facet("kind", "Kind", tuple(Software.Ecosystem.choices)),
        Facet("support", "Support", (("ended", "EOS software"), ("ended-versions", "EOS versions"), ("upcoming", "Upcoming end of support"))),
    ),
)
TAB_SPEC = ListSpec(columns=(), sort="", per_page=50, keeps=("tab", "support"))
DAYS = 30


@require_safe
@vary_on_headers("HX-Request", "HX-Target")
def index(request: HttpRequest) -> HttpResponse:
    """Software of the chosen groups."""
    state, groups = SPEC.read(request.GET), scope.of(request).group_ids
    total, rows = software_queries.software_rows(_filter(state, groups), offset=state.offset, limit=state.per_page)
    first, today = page_charts.days_until(timezone.now().date(), DAYS)
    rows = software_queries.with_days(rows, groups=groups, first=first, last=today)
    largest = max((row.impact for row in rows), default=0.0)
    context = {"state": state, "pager": lists.pager(state, total), "rows": rows, "largest": largest, "computed": counters.last_run(request).id}
    context |= {"facets": state.facets({}), "columns": {column: True for column in state.columns}}
    return list_answer(request, "software/index.html", context, state=state)


@require_safe
def export(request: HttpRequest) -> StreamingHttpResponse:
    """The same list without pages."""
    state, groups = SPEC.read(request.GET), scope.of(request).group_ids
    header = ("Id", "Name", "Vendor", "Kind", "Weaknesses", "Exposed machines", "Installed machines", "Impact", "Exploited in the wild", "Tags")
    rows = (
        (r.key, r.name, r.vendor, r.ecosystem, r.weaknesses, r.exposed, r.installed, r.impact, r.exploited, [tag.label for tag in r.tags])
        for r in software_queries.every_software(_filter(state, groups))
    )
    return stream(filename="software.csv", header=header, rows=rows)


@require_safe
def detail(request: HttpRequest, key: str) -> HttpResponse:
    """One software, a tab at a time."""
    groups = scope.of(request).group_ids
    page = _page(key, groups)
    today = timezone.now().date()
    first, last = page_charts.days_until(today, DAYS)
    chosen = EventFilter(groups=groups, software=key)
    events = timeline_queries.matching(chosen).count()
    shown = tabs.tabs(
        request.GET,
        (
            ("recommendations", "Recommendations", len(page.fixes)),
            ("vulnerabilities", "Discovered vulnerabilities", page.weaknesses),
            ("machines", "Installed machines", page.installed),
            ("versions", "Version distribution", page.versions),
            ("timeline", "Event timeline", events),
        ),
    )
    days = software_queries.exposed_days(software_ids=[page.software.pk], groups=groups, first=first, last=last).get(page.software.pk, ())
    month = timeline_queries.per_day(EventFilter(groups=groups, software=key, first=first, last=last))
    context = {
        "page": page,
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


def _filter(state: ListState, groups: Sequence[int]) -> SoftwareFilter:
    support = tuple(value for key in state.chosen["support"] for value in SUPPORT[key])
    return SoftwareFilter(
        groups=groups,
        scale=scale_of(total_weight(groups)),
        text=state.q,
        ecosystems=state.chosen["kind"],
        weak="has" in state.chosen["weaknesses"],
        support=support,
        sort=state.sort,
    )


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
    "timeline": _timeline_tab,
}

Export = tuple[Sequence[str], Iterable[Sequence[object]]]


def _export_recommendations(page: SoftwarePage, groups: Sequence[int]) -> Export:
    header = ("Id", "Recommendation", "Kind", "Status", "Weaknesses", "Exposed machines", "Installed machines", "Impact")
    return header, ((f.key, f.title, f.kind_label, f.status_label, f.weaknesses, f.exposed, f.installed, f.impact) for f in page.fixes)


def _export_weaknesses(page: SoftwarePage, groups: Sequence[int]) -> Export:
    _, rows = software_queries.weakness_rows(software_id=page.software.pk, groups=groups, limit=None)
    header = ("CVE", "Severity", "CVSS", "EPSS", "Exploited in the wild", "Published", "Installed machines")
    return header, ((r.cve, r.severity, r.cvss, r.epss, r.exploited, r.published_at, r.installed) for r in rows)


def _export_machines(page: SoftwarePage, groups: Sequence[int]) -> Export:
    header = ("Machine", "Domain", "Group", "System", "Versions", "Score", "Last seen")
    rows = software_queries.every_carrier(page=page, groups=groups)
    return header, ((r.name, r.domain, r.group, r.system, r.versions, r.score, r.last_seen) for r in rows)


def _export_versions(page: SoftwarePage, groups: Sequence[int]) -> Export:
    _, rows = software_queries.version_rows(software_id=page.software.pk, groups=groups, today=timezone.now().date(), limit=None)
    header = ("Version", "Platform", "Installed machines", "Weaknesses", "First seen", "Support ends on")
    return header, ((r.version, r.platform, r.installed, r.weaknesses, r.first_seen, r.support_ends_on) for r in rows)


def _export_timeline(page: SoftwarePage, groups: Sequence[int]) -> Export:
    rows = timeline_queries.every(EventFilter(groups=groups, software=page.software.key))
    return timeline_queries.EXPORT_HEADER, (timeline_queries.export_row(row) for row in rows)


EXPORTS: dict[str, Callable[[SoftwarePage, Sequence[int]], Export]] = {
    "recommendations": _export_recommendations,
    "vulnerabilities": _export_weaknesses,
    "machines": _export_machines,
    "versions": _export_versions,
    "timeline": _export_timeline,
}
