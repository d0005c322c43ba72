"""The page of one software, a tab at a time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from core import tabs
from core.tabs import Tab
from inventory import scope
from recommendations import counters, origins, page_charts, software_queries, software_tab_queries, timeline_queries, update_queries
from recommendations.recommendation_queries import scale_of, total_weight
from recommendations.software_queries import SoftwarePage
from recommendations.timeline_queries import EventFilter
from recommendations.views import software_tabs
from recommendations.views.software_tabs import Subject

DAYS = 30


@require_safe
def detail(request: HttpRequest, key: str) -> HttpResponse:
    """One software, a tab at a time."""
    subject = subject_of(request, key, today=timezone.now().date())
    page = subject.page
    reached = origins.trail(request, home=origins.SOFTWARE)
    tab, shown = _shown(subject, request.GET)
    context = {
        "page": page,
        "trail": reached,
        "tabs": shown,
        "tab": tabs.current(shown),
        "attackers": software_tab_queries.attackers(software_id=page.software.pk, groups=subject.groups) if page.weaknesses else (),
        "today": subject.today,
        "computed": counters.last_run(request).id,
        **tab,
    }
    return render(request, "software/detail.html", context)


def subject_of(request: HttpRequest, key: str, *, today: dt.date) -> Subject:
    """The software of this key in the chosen groups; Http404 where there is none."""
    groups = scope.of(request).group_ids
    page = software_queries.software_page(key=key, groups=groups, scale=scale_of(total_weight(groups)))
    if page is None:
        raise Http404(f"No software has the id {key}.")
    return Subject(page, groups, today)


def _shown(subject: Subject, query: QueryDict) -> tuple[dict[str, Any], tuple[Tab, ...]]:
    """What the chosen tab shows, and all tabs with their counts. Where nothing can be known of it, tabs that stay empty are left out."""
    page = subject.page
    judged = page.known or page.fixes
    has_updates = update_queries.has_updates(page.software)
    keys = ["overview", *(("recommendations", "vulnerabilities") if judged else ()), "machines", "versions"]
    keys += [*(("updates",) if has_updates else ()), *(("timeline",) if judged else ())]
    chosen = query.get("tab", "")
    tab = TABS[chosen if chosen in keys else "overview"](subject, query)
    counts = {
        "overview": None,
        "recommendations": len(page.fixes),
        "vulnerabilities": page.weaknesses,
        "machines": page.installed,
        "versions": page.versions,
    }
    if has_updates:
        counts["updates"] = _missing_updates(page, subject, tab if chosen == "updates" else None)
    if judged:
        counts["timeline"] = timeline_queries.matching(EventFilter(groups=subject.groups, software=page.software.key)).count()
    return tab, tabs.tabs(query, [(name, LABELS[name], counts[name]) for name in keys])


def _missing_updates(page: SoftwarePage, subject: Subject, tab: dict[str, Any] | None) -> int | None:
    """How many updates machines lack, as the tab counted them where it is shown; None where nobody can say yet."""
    if tab is not None:
        return int(tab["pager"].total) if tab["updates_known"] else None
    total, _ = update_queries.missing_in_software(software_id=page.software.pk, groups=subject.groups, limit=1)
    return total if total or update_queries.are_known() else None


def _overview(subject: Subject, query: QueryDict) -> dict[str, Any]:
    page, software = subject.page, subject.page.software
    first, last = page_charts.days_until(subject.today, DAYS)
    days = software_queries.exposed_days(software_ids=[software.pk], groups=subject.groups, first=first, last=last).get(software.pk, ())
    month = timeline_queries.per_day(EventFilter(groups=subject.groups, software=software.key, first=first, last=last))
    return {
        "chart": page_charts.exposed_machines(days, installed=page.installed, events=month, address=f"software={software.key}"),
        "change": page_charts.change(days),
        "parts": (("high", "Exposed", page.exposed), ("none", "Installed, not exposed", page.installed - page.exposed)),
        "severities": [count for count in page.severities if count.severity or count.weaknesses],
        "severity_parts": [(count.label.lower(), count.label, count.weaknesses) for count in page.severities],
        "lines": software_tab_queries.release_lines(software=software, groups=subject.groups, today=subject.today),
        "largest": max((fix.impact for fix in page.fixes), default=0.0),
    }


def _recommendations(subject: Subject, query: QueryDict) -> dict[str, Any]:
    return {"largest": max((fix.impact for fix in subject.page.fixes), default=0.0)}


LABELS = {
    "overview": "Overview",
    "recommendations": "Recommendations",
    "vulnerabilities": "Discovered vulnerabilities",
    "machines": "Installed machines",
    "versions": "Version distribution",
    "updates": "Missing KBs",
    "timeline": "Event timeline",
}
TABS: dict[str, Callable[[Subject, QueryDict], dict[str, Any]]] = {
    "overview": _overview,
    "recommendations": _recommendations,
    "vulnerabilities": software_tabs.weaknesses,
    "machines": software_tabs.machines,
    "versions": software_tabs.versions,
    "updates": software_tabs.updates,
    "timeline": software_tabs.events,
}
