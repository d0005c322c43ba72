"""The page of one machine, a tab at a time, and what a person may change of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from core import lists, tabs
from core.exports import stream
from core.lists import ListSpec
from inventory import actions, scope
from inventory.errors import BadTag
from inventory.models import Machine
from recommendations import counters, machine_page_queries, origins, score_queries, update_queries
from recommendations.machine_forms import FacingForm, TagsForm, ValueForm
from recommendations.machine_page_queries import MachinePage
from recommendations.views.machine_exports import EXPORTS
from weaknesses import opinion_queries

TAB_SPEC = ListSpec(columns=(), sort="", per_page=50, keeps=("tab", "support", "from"))
OPINION_SPEC = ListSpec(columns=(), sort="", per_page=50, keeps=("tab", "verdict", "from"))
CHANGE = "inventory.change_machine"


@require_safe
def detail(request: HttpRequest, machine_id: int) -> HttpResponse:
    """One machine, a tab at a time."""
    page = _page(request, machine_id)
    reached = origins.trail(request, home=origins.MACHINES)
    is_windows = page.machine.family == Machine.Family.WINDOWS
    updates = update_queries.missing_on_machine(machine=page.machine)
    updates_known = bool(updates) or (is_windows and update_queries.are_known())
    counted = len(updates) if updates or (updates_known and _has_level(page)) else None
    shown = tabs.tabs(
        request.GET,
        (
            ("recommendations", "Recommendations", len(page.fixes)),
            ("software", "Software inventory", page.software),
            ("vulnerabilities", "Discovered vulnerabilities", page.weaknesses),
            *((("updates", "Missing KBs", counted),) if is_windows else ()),
            ("configuration", "Configuration", page.checks),
            ("alerts", "Alerts", page.alerts),
            *((("opinions", "Second opinions", None),) if page.seen_by_others else ()),
        ),
    )
    context = {
        "page": page,
        "trail": reached,
        "machine": page.machine,
        "tabs": shown,
        "tab": tabs.current(shown),
        "updates": updates,
        "updates_known": updates_known,
        "made_of": _made_of(page),
        "severities": [row for row in page.severities if row[0]],
        "computed": counters.last_run(request).id,
        "may_change": _may_change(request),
        "value_form": ValueForm(initial={"value": page.machine.value}),
        "facing_form": FacingForm(initial={"internet_facing": page.machine.internet_facing}),
        "tags_form": TagsForm(initial={"tags": ", ".join(page.machine.tags)}),
        **TABS[tabs.current(shown)](request, page),
    }
    return render(request, "machines/detail.html", context)


@require_safe
def detail_export(request: HttpRequest, machine_id: int) -> StreamingHttpResponse:
    """All rows of the shown tab."""
    page = _page(request, machine_id)
    tab = request.GET.get("tab", "")
    tab = tab if tab in EXPORTS else "recommendations"
    header, rows = EXPORTS[tab](page)
    return stream(filename=f"{page.machine.name}-{tab}.csv", header=header, rows=rows)


@require_POST
def change(request: HttpRequest, machine_id: int) -> HttpResponse:
    """Set the machine's value, whether it faces the internet, or its tags: `what` says which."""
    if not _may_change(request):
        raise PermissionDenied("You may not change machines.")
    machine = get_object_or_404(Machine, pk=machine_id, group_id__in=scope.of(request).group_ids)
    what = request.POST.get("what", "")
    if what not in CHANGES:
        raise Http404("Nothing to change.")
    if error := CHANGES[what](request, machine):
        messages.error(request, error)
    else:
        messages.success(request, f"{machine.name} is changed. Its score follows within seconds.")
    return redirect("recommendations:machine", machine_id=machine.pk)


def _page(request: HttpRequest, machine_id: int) -> MachinePage:
    weights = score_queries.weights_of(score_queries.scoring_settings())
    page = machine_page_queries.machine_page(machine_id=machine_id, groups=scope.of(request).group_ids, weights=weights)
    if page is None:
        raise Http404("No machine of the chosen groups has this number.")
    return page


def _may_change(request: HttpRequest) -> bool:
    return request.user.is_staff or request.user.has_perm(CHANGE)


def _made_of(page: MachinePage) -> dict[str, Any]:
    """`rows`: (tone, label, share, key) of the four largest hazards, and of the rest together; `bars`: the same for the bar."""
    fixes = [fix for fix in page.fixes if fix.share > 0 and fix.kind != "configuration"]
    parts = [(str(index + 1), fix.title, fix.share, fix.key) for index, fix in enumerate(fixes[:4])]
    if len(fixes) > len(parts):
        rest = fixes[4:]
        parts.append(("5", f"{len(rest)} {'other' if len(rest) == 1 else 'others'}", sum(fix.share for fix in rest), ""))
    return {"rows": parts, "bars": [(tone, label, 100 * share) for tone, label, share, _ in parts]} if parts else {}


def _recommendations_tab(request: HttpRequest, page: MachinePage) -> dict[str, Any]:
    return {"largest": max((fix.drop for fix in page.fixes), default=0.0)}


def _software_tab(request: HttpRequest, page: MachinePage) -> dict[str, Any]:
    state = TAB_SPEC.read(request.GET)
    total, rows = machine_page_queries.software_rows(machine_id=page.machine.pk, text=state.q, offset=state.offset, limit=state.per_page)
    return {"rows": rows, "pager": lists.pager(state, total), "state": state}


def _vulnerabilities_tab(request: HttpRequest, page: MachinePage) -> dict[str, Any]:
    state = TAB_SPEC.read(request.GET)
    total, rows = machine_page_queries.weakness_rows(machine_id=page.machine.pk, text=state.q, offset=state.offset, limit=state.per_page)
    return {"rows": rows, "pager": lists.pager(state, total), "state": state}


def _configuration_tab(request: HttpRequest, page: MachinePage) -> dict[str, Any]:
    state = TAB_SPEC.read(request.GET)
    results = machine_page_queries.check_results(machine_id=page.machine.pk)
    return {"rows": results[state.offset : state.offset + state.per_page], "pager": lists.pager(state, page.checks), "state": state}


def _alerts_tab(request: HttpRequest, page: MachinePage) -> dict[str, Any]:
    state = TAB_SPEC.read(request.GET)
    alerts = machine_page_queries.alerts_of(machine_id=page.machine.pk)
    return {"rows": alerts[state.offset : state.offset + state.per_page], "pager": lists.pager(state, page.alerts), "state": state}


def _updates_tab(request: HttpRequest, page: MachinePage) -> dict[str, Any]:
    return {"has_level": _has_level(page)}


def _has_level(page: MachinePage) -> bool:
    """Whether the version of Windows tells its patch level by itself: 10.0.build.revision."""
    return page.machine.os_version.count(".") == 3


def _opinions_tab(request: HttpRequest, page: MachinePage) -> dict[str, Any]:
    state = OPINION_SPEC.read(request.GET)
    verdict = request.GET.get("verdict", "")
    found = opinion_queries.machine_opinions(
        machine_id=page.machine.pk, verdict=verdict, text=state.q, offset=state.offset, limit=state.per_page
    )
    return {"opinions": found, "verdict": verdict, "pager": lists.pager(state, found.total), "state": state}


TABS: dict[str, Callable[[HttpRequest, MachinePage], dict[str, Any]]] = {
    "recommendations": _recommendations_tab,
    "software": _software_tab,
    "vulnerabilities": _vulnerabilities_tab,
    "updates": _updates_tab,
    "configuration": _configuration_tab,
    "alerts": _alerts_tab,
    "opinions": _opinions_tab,
}


def _set_value(request: HttpRequest, machine: Machine) -> str:
    form = ValueForm(request.POST)
    if not form.is_valid():
        return "Choose a value of the list."
    actions.set_machine_value(machines=[machine], value=form.cleaned_data["value"], **_who(request))
    return ""


def _set_facing(request: HttpRequest, machine: Machine) -> str:
    form = FacingForm(request.POST)
    form.is_valid()
    actions.set_internet_facing(machines=[machine], internet_facing=form.cleaned_data["internet_facing"], **_who(request))
    return ""


def _set_tags(request: HttpRequest, machine: Machine) -> str:
    form = TagsForm(request.POST)
    if not form.is_valid():
        return " ".join(str(error) for error in form.errors.get("tags", ()))
    wanted = form.cleaned_data["tags"]
    try:
        actions.tag_machine(machine=machine, add=wanted, remove=[tag for tag in machine.tags if tag not in wanted], **_who(request))
    except BadTag as error:
        return str(error)
    return ""


def _exclude(request: HttpRequest, machine: Machine) -> str:
    actions.exclude_machines(machines=[machine], excluded=request.POST.get("excluded") == "yes", **_who(request))
    return ""


def _who(request: HttpRequest) -> dict[str, Any]:
    return {"by": request.user.get_username(), "now": timezone.now(), "address": request.META.get("REMOTE_ADDR", "")}


CHANGES: dict[str, Callable[[HttpRequest, Machine], str]] = {
    "value": _set_value,
    "facing": _set_facing,
    "tags": _set_tags,
    "exclude": _exclude,
}
