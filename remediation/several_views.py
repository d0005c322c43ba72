"""One request for several picked recommendations: an activity each."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods
from django.views.decorators.vary import vary_on_headers

from core.access import Permission, require
from core.htmx import wants
from inventory import scope
from recommendations import what_if_queries
from recommendations.filters import SPEC as RECOMMENDATIONS
from recommendations.models import Recommendation
from remediation import actions, connections, queries
from remediation.errors import NotConnected
from remediation.forms import RequestForm, entered


@require_http_methods(["GET", "HEAD", "POST"])
@vary_on_headers("HX-Request", "HX-Target")
def form(request: HttpRequest) -> HttpResponse:
    """What is picked by the address, and the form; 422 with the form if something is missing. `preview` only counts."""
    by = require(request, Permission.REMEDIATION)
    context = _context(request)
    sheet: RequestForm = context["form"]
    if wants(request, "reach"):
        return render(request, "remediation/several.html#reach", context)
    sent = request.method == "POST" and "preview" not in request.POST
    if not sent or not sheet.is_valid() or not context["plan"].rows:
        return render(request, "remediation/several.html", context, status=422 if sent else 200)
    ids = [planned.row.id for planned in context["plan"].rows]
    found = Recommendation.objects.select_related("software", "configuration").in_bulk(ids)
    try:
        made, left = actions.request_several(
            recommendations=[found[pk] for pk in ids if pk in found],
            group_ids=sheet.cleaned_data["groups"],
            priority=sheet.cleaned_data["priority"],
            due_on=sheet.cleaned_data["due_on"],
            notes=sheet.cleaned_data["notes"],
            systems=sheet.cleaned_data.get("systems", ()),
            by=by,
            now=timezone.now(),
        )
    except NotConnected as error:
        sheet.add_error("systems", str(error))
        return render(request, "remediation/several.html", context, status=422)
    if not made:
        sheet.add_error("groups", "No machine of these groups needs any of them any more.")
        return render(request, "remediation/several.html", context, status=422)
    words = f"{len(made)} activit{'y is' if len(made) == 1 else 'ies are'} requested. Their progress is followed here."
    messages.success(request, words + (f" {len(left)} needed no more and left out." if left else ""))
    return redirect(f"{reverse('remediation:list')}?sort=-created")


def _context(request: HttpRequest) -> dict[str, Any]:
    """`take` of the form: those of the picked recommendations that are ticked; all before anything was changed."""
    state = RECOMMENDATIONS.read(request.GET)
    groups = scope.handled(request, Permission.REMEDIATION)
    reach = queries.groups_of_several(state.picks, groups=groups)
    data = entered(request)
    systems = connections.choices()
    sheet = RequestForm(data, reach=reach, today=timezone.now().date(), measurable=True, systems=systems)
    taken = state.picks if data is None else tuple(pk for pk in state.picks if str(pk) in data.getlist("take"))
    everything = what_if_queries.plan(state.picks, groups=groups)
    machines = queries.machines_each(state.picks, groups=sheet.chosen())
    asked = queries.in_progress_of(state.picks, groups=scope.of(request).named)
    return {
        "form": sheet,
        "systems": systems,
        "asked_systems": sheet.asked_systems(),
        "groups": reach,
        "chosen": sheet.chosen(),
        "rows": [
            (planned.row, planned.row.id in taken, machines.get(planned.row.id, 0), asked.get(planned.row.id))
            for planned in everything.rows
        ],
        "plan": what_if_queries.plan(taken, groups=sheet.chosen()),
        "list_address": f"{reverse('recommendations:list')}{state.address()}",
        "form_address": request.get_full_path(),
    }
