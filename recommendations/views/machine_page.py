"""The page of one machine, a tab at a time, and what a person may change of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from core import tabs
from core.access import Permission, require
from core.exports import stream
from core.pager import pager
from core.tabs import Tab
from inventory import actions, scope
from inventory.errors import BadTag
from inventory.models import Machine, Software
from recommendations import counters, machine_page_queries, machine_queries, origins, score_queries, update_queries
from recommendations.machine_filters import health_of
from recommendations.machine_forms import FacingForm, ReasonForm, TagsForm, ValueForm
from recommendations.machine_page_queries import MachinePage
from recommendations.records import Weights
from recommendations.update_queries import MissingUpdate
from recommendations.views import machine_tabs

OVERVIEW = "overview"
KINDS = {"checks": "Configuration checks", "findings": "Second opinions", "alerts": "Alerts"}


@require_safe
def detail(request: HttpRequest, machine_id: int) -> HttpResponse:
    """One machine, a tab at a time."""
    page = _page(request, machine_id)
    machine = page.machine
    reached = origins.trail(request, home=origins.MACHINES)
    updates = update_queries.missing_on_machine(machine=machine)
    shown = _tabs(request, page, updates)
    tab = tabs.current(shown)
    weights = _weights()
    context = {
        "page": page,
        "trail": reached,
        "machine": machine,
        "tabs": shown,
        "tab": tab,
        "template": f"machines/{tab}.html",
        "health": health_of(machine, has_data=bool(page.software), now=timezone.now()),
        "reports": _reports(machine),
        "computed": counters.last_run(request).id,
        "weights": weights,
        "may_change": machine.group_id in scope.handled(request, Permission.SETTINGS),
        "value_form": ValueForm(initial={"value": machine.value}),
        "tags_form": TagsForm(initial={"tags": ", ".join(machine.tags)}),
        "reason_form": ReasonForm(),
        **(_overview(page, updates) if tab == OVERVIEW else _list(request, page, tab, updates)),
    }
    return render(request, "machines/detail.html", context)


@require_safe
def detail_export(request: HttpRequest, machine_id: int) -> StreamingHttpResponse:
    """All rows of the shown tab, narrowed and ordered as its address says."""
    page = _page(request, machine_id)
    tab = request.GET.get("tab", "")
    tab = tab if tab in machine_tabs.SPECS else "recommendations"
    header, rows = machine_tabs.csv_rows(tab, page, machine_tabs.SPECS[tab].read(request.GET))
    return stream(filename=f"{page.machine.name}-{tab}.csv", header=header, rows=rows)


@require_POST
def change(request: HttpRequest, machine_id: int) -> HttpResponse:
    """Set the machine's value, whether it faces the internet, or its tags: `what` says which."""
    require(request, Permission.SETTINGS)
    machine = get_object_or_404(Machine, pk=machine_id, group_id__in=scope.handled(request, Permission.SETTINGS))
    what = request.POST.get("what", "")
    if what not in CHANGES:
        raise Http404("Nothing to change.")
    if error := CHANGES[what](request, machine):
        messages.error(request, error)
    else:
        machine_queries.forget_tags()
        messages.success(request, f"{machine.name} is changed. Its score follows within seconds.")
    return redirect("recommendations:machine", machine_id=machine.pk)


def _page(request: HttpRequest, machine_id: int) -> MachinePage:
    page = machine_page_queries.machine_page(machine_id=machine_id, groups=scope.of(request).group_ids, weights=_weights())
    if page is None:
        raise Http404("No machine of the chosen groups has this number.")
    return page


def _reports(machine: Machine) -> list[str]:
    """What reports told of the machine: the parts of them that it remembers, in words."""
    labels = dict(Software.Ecosystem.choices)
    words = []
    for part in sorted(machine.digests):
        kind, _, source = part.partition("/")
        if kind in KINDS:
            words.append(f"{KINDS[kind]} of {source}" if source else KINDS[kind])
        elif kind in labels:
            words.append(labels[kind] if kind in {"os", "other"} else f"{labels[kind]}s")
    return words


def _weights() -> Weights:
    return score_queries.weights_of(score_queries.scoring_settings())


def _tabs(request: HttpRequest, page: MachinePage, updates: Sequence[MissingUpdate]) -> tuple[Tab, ...]:
    is_windows = page.machine.family == Machine.Family.WINDOWS
    counted = len(updates) if updates or (is_windows and machine_tabs.has_level(page.machine) and update_queries.are_known()) else None
    return tabs.tabs(
        request.GET,
        (
            (OVERVIEW, "Overview", None),
            ("recommendations", "Recommendations", len(page.fixes)),
            ("software", "Software inventory", page.software),
            ("vulnerabilities", "Discovered vulnerabilities", page.weaknesses),
            *((("updates", "Missing KBs", counted),) if is_windows else ()),
            ("configuration", "Configuration", page.checks),
            ("alerts", "Alerts", page.alerts),
            *((("opinions", "Second opinions", None),) if page.seen_by_others else ()),
        ),
    )


def _overview(page: MachinePage, updates: Sequence[MissingUpdate]) -> dict[str, Any]:
    severities = [row for row in page.severities if row[0]]
    return {"made_of": _made_of(page), "severities": severities, "first": page.fixes[:5], "updates": updates, "largest": _largest(page)}


def _largest(page: MachinePage) -> float:
    return max((fix.drop for fix in page.fixes), default=0.0)


def _list(request: HttpRequest, page: MachinePage, tab: str, updates: Sequence[MissingUpdate]) -> dict[str, Any]:
    state = machine_tabs.SPECS[tab].read(request.GET)
    found = machine_tabs.tab_rows(tab, page, state, limit=state.per_page)
    known = {"updates_known": bool(updates) or update_queries.are_known()} if tab == "updates" else {}
    return {"rows": found.rows, "pager": pager(state, found.total), "state": state, "facets": state.facets({}), **found.more, **known}


def _made_of(page: MachinePage) -> dict[str, Any]:
    """`rows`: (tone, label, share, key) of the four largest hazards, and of the rest together; `bars`: the same for the bar."""
    fixes = [fix for fix in page.fixes if fix.share > 0 and fix.kind != "configuration"]
    parts = [(str(index + 1), fix.title, fix.share, fix.key) for index, fix in enumerate(fixes[:4])]
    if len(fixes) > len(parts):
        rest = fixes[4:]
        parts.append(("5", f"{len(rest)} {'other' if len(rest) == 1 else 'others'}", sum(fix.share for fix in rest), ""))
    return {"rows": parts, "bars": [(tone, label, 100 * share) for tone, label, share, _ in parts]} if parts else {}


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
    excluded = request.POST.get("excluded") == "yes"
    form = ReasonForm(request.POST)
    if not form.is_valid() and excluded:
        return " ".join(str(error) for error in form.errors.get("reason", ()))
    actions.exclude_machines(machines=[machine], excluded=excluded, reason=form.cleaned_data.get("reason", ""), **_who(request))
    return ""


def _who(request: HttpRequest) -> dict[str, Any]:
    return {"by": request.user.get_username(), "now": timezone.now()}


CHANGES: dict[str, Callable[[HttpRequest, Machine], str]] = {
    "value": _set_value,
    "facing": _set_facing,
    "tags": _set_tags,
    "exclude": _exclude,
}
