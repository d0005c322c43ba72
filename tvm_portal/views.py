"""The dashboard, and the card of it that loads by itself."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from core.htmx import wants
from inventory import scope
from recommendations import filters, page_charts, recommendation_queries
from recommendations.counters import last_run
from tvm_portal import dashboard as queries
from tvm_portal import gallery as examples

TOP = 11  # as many as the column beside the other cards holds


@require_safe
def dashboard(request: HttpRequest) -> HttpResponse:
    """Both scores, what moves them and what to do first; until the first run: how to get there."""
    chosen = scope.of(request)
    if last_run(request).id is None:
        return render(request, "dashboard/welcome.html", {"steps": queries.first_steps(chosen.group_ids)})
    found = queries.read(groups=chosen.group_ids, now=timezone.now(), everything=chosen.is_all, restricted=chosen.restricted)
    bounds = (found.settings.band_medium, found.settings.band_high)
    context = {
        "dashboard": found,
        "exposure": found.exposure,
        "configuration": found.configuration,
        "exposure_chart": page_charts.exposure_score(found.exposure_days, events=found.events, bounds=bounds),
        "configuration_chart": page_charts.configuration_score(found.configuration_days),
    }
    return render(request, "dashboard/index.html", context)


@require_safe
def top_recommendations(request: HttpRequest) -> HttpResponse:
    """The recommendations with the largest impact: a card of the dashboard, or a page of its own."""
    found = recommendation_queries.read(filters.SPEC.read(QueryDict()), groups=scope.of(request).group_ids, limit=TOP)
    context = {"rows": found.rows, "total": found.total}
    template = "dashboard/top_recommendations.html"
    return render(request, f"{template}#top-recommendations" if wants(request, "top-recommendations") else template, context)


@require_safe
@vary_on_headers("HX-Request", "HX-Target")
def gallery(request: HttpRequest) -> HttpResponse:
    """Every component with invented figures: a legend for who uses the portal, a workbench for who changes it."""
    context = examples.context(request.GET, today=timezone.now().date())
    if wants(request, "flyout"):
        return render(request, "gallery/index.html#flyout", context)
    if request.GET.get("toast"):
        messages.success(request, "Exception cancelled, 2,190 machines count again.")
    return render(request, "gallery/index.html", context | {"flyout_open": request.GET.get("open") == "flyout"})
