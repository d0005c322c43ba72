"""The list of machines, the page of one, and what a person may change of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from core import lists, tabs
from core.answers import list_answer
from core.exports import stream
from core.lists import Column, Facet, ListSpec, ListState
from inventory import actions, scope
from inventory.errors import BadTag
from inventory.models import Machine
from recommendations import counters, machine_queries, score_queries
from recommendations.machine_forms import FacingForm, TagsForm, ValueForm
from recommendations.machine_queries import COUNTED, MachineFilter, MachinePage

LEVELS = (("high", "High"), ("medium", "Medium"), ("low", "Low"), ("none", "None"))
NUMBERS = {"none": 0, "low": 1, "medium": 2, "high": 3}
SPEC = ListSpec(
    columns=(
        Column("name", "Machine", sort="+", fixed=True),
        Column("group", "Group", sort="+"),
        Column("system", "System"),
        Column("value", "Value", sort="-"),
        Column("level", "Exposure level"),
        Column("score", "Score", sort="-", numeric=True),
        Column("fixes", "Recommendations", numeric=True),
        Column("tags", "Tags"),
        Column("last_seen", "Last seen", sort="-"),
    ),
    sort="-score",
    facets=(
        Facet("level", "Exposure level", LEVELS),
        Facet("platform", "Platform", tuple(Machine.Family.choices)),
        Facet("value", "Value", tuple((label.lower(), label) for label in Machine.Value.labels)),
        Facet("state", "State", (("active", "Active"), ("silent", "Silent or excluded")), default=("active",)),
        Facet("data", "Data", (("none", "Nothing installed"), ("some", "Something installed"), ("internet", "Internet facing"), ("unsupported", "System out of support"))),
    ),
)
TAB_SPEC = ListSpec(columns=(), sort="", per_page=50, keeps=("tab", "support"))
CHANGE = "inventory.change_machine"


@require_safe
@vary_on_headers("HX-Request", "HX-Target")
def index(request: HttpRequest) -> HttpResponse:
    """Machines of the chosen groups, the most exposed first."""
    state = SPEC.read(request.GET)
    computed = counters.last_run(request).id
    chosen = _filter(request, state, computed=computed is not None)
    total = machine_queries.count_machines(chosen)
    context = {
        "state": state,
        "rows": machine_queries.machine_rows(chosen, offset=state.offset, limit=state.per_page),
        "pager": lists.pager(state, total),
        "more": total > COUNTED,
        "facets": state.facets({}),
        "columns": {column: True for column in state.columns},
        "computed": computed,
    }
    return list_answer(request, "machines/index.html", context, state=state)


@require_safe
def export(request: HttpRequest) -> StreamingHttpResponse:
    """The same list without pages."""
    chosen = _filter(request, SPEC.read(request.GET), computed=counters.last_run(request).id is not None)
    header = ("Machine", "Domain", "Group", "System", "Value", "Internet facing", "Score", "Level", "Recommendations", "Tags", "Last seen")
    levels = dict(zip(range(4), ("None", "Low", "Medium", "High"), strict=True))
    rows = (
        (m.name, m.domain, m.group, m.system, m.value, m.internet_facing, m.score, levels.get(m.level or 0) if m.level is not None else "", m.fixes, m.tags, m.last_seen)
        for m in machine_queries.every_machine(chosen)
    )
    return stream(filename="machines.csv", header=header, rows=rows)


@require_safe
def detail(request: HttpRequest, machine_id: int) -> HttpResponse:
    """One machine, a tab at a time."""
    page = _page(request, machine_id)
    shown = tabs.tabs(
        request.GET,
        (
            ("recommendations", "Recommendations", len(page.fixes)),
            ("software", "Software inventory", page.software),
            ("vulnerabilities", "Discovered vulnerabilities", page.weaknesses),
            ("configuration", "Configuration", page.checks),
            ("alerts", "Alerts", page.alerts),
        ),
    )
    context = {
        "page": page,
        "machine": page.machine,
        "tabs": shown,
        "tab": tabs.current(shown),
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


def _filter(request: HttpRequest, state: ListState, *, computed: bool) -> MachineFilter:
    """The address as a filter. Before the first run no machine is active: all are listed."""
    states = state.chosen["state"]
    data = state.chosen["data"]
    return MachineFilter(
        groups=scope.of(request).group_ids,
        text=state.q,
        levels=tuple(NUMBERS[name] for name in state.chosen["level"]),
        families=state.chosen["platform"],
        values=tuple(("low", "normal", "high").index(name) for name in state.chosen["value"]),
        state=states[0] if len(states) == 1 and computed else "",
        internet="internet" in data,
        empty="none" in data,
        filled="some" in data,
        unsupported_on=timezone.now().date() if "unsupported" in data else None,
        sort=state.sort,
    )


def _page(request: HttpRequest, machine_id: int) -> MachinePage:
    weights = score_queries.weights_of(score_queries.scoring_settings())
    page = machine_queries.machine_page(machine_id=machine_id, groups=scope.of(request).group_ids, weights=weights)
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
    total, rows = machine_queries.software_rows(machine_id=page.machine.pk, text=state.q, offset=state.offset, limit=state.per_page)
    return {"rows": rows, "pager": lists.pager(state, total), "state": state}


def _vulnerabilities_tab(request: HttpRequest, page: MachinePage) -> dict[str, Any]:
    state = TAB_SPEC.read(request.GET)
    total, rows = machine_queries.weakness_rows(machine_id=page.machine.pk, text=state.q, offset=state.offset, limit=state.per_page)
    return {"rows": rows, "pager": lists.pager(state, total), "state": state}


def _configuration_tab(request: HttpRequest, page: MachinePage) -> dict[str, Any]:
    state = TAB_SPEC.read(request.GET)
    results = machine_queries.check_results(machine_id=page.machine.pk)
    return {"rows": results[state.offset : state.offset + state.per_page], "pager": lists.pager(state, page.checks), "state": state}


def _alerts_tab(request: HttpRequest, page: MachinePage) -> dict[str, Any]:
    state = TAB_SPEC.read(request.GET)
    alerts = machine_queries.alerts_of(machine_id=page.machine.pk)
    return {"rows": alerts[state.offset : state.offset + state.per_page], "pager": lists.pager(state, page.alerts), "state": state}


TABS: dict[str, Callable[[HttpRequest, MachinePage], dict[str, Any]]] = {
    "recommendations": _recommendations_tab,
    "software": _software_tab,
    "vulnerabilities": _vulnerabilities_tab,
    "configuration": _configuration_tab,
    "alerts": _alerts_tab,
}

Export = tuple[Sequence[str], Iterable[Sequence[object]]]


def _export_recommendations(page: MachinePage) -> Export:
    header = ("Id", "Recommendation", "Kind", "Status", "Component", "Weaknesses", "Hazard", "Share of hazard", "Score drop here")
    return header, ((f.key, f.title, f.kind_label, f.status_label, f.component, f.weaknesses, f.hazard, f.share, f.drop) for f in page.fixes)


def _export_software(page: MachinePage) -> Export:
    _, rows = machine_queries.software_rows(machine_id=page.machine.pk, limit=None)
    header = ("Software", "Vendor", "Version", "Weaknesses", "Exploited in the wild", "First seen", "Evidence")
    return header, ((r.name, r.vendor, r.version, r.weaknesses, r.exploited, r.first_seen, r.evidence) for r in rows)


def _export_weaknesses(page: MachinePage) -> Export:
    _, rows = machine_queries.weakness_rows(machine_id=page.machine.pk, limit=None)
    header = ("CVE", "Severity", "CVSS", "EPSS", "Exploited in the wild", "Software", "Published")
    return header, ((r.cve, r.severity, r.cvss, r.epss, r.exploited, r.software, r.published_at) for r in rows)


def _export_configuration(page: MachinePage) -> Export:
    rows = machine_queries.check_results(machine_id=page.machine.pk)
    header = ("Check", "Name", "Category", "Impact", "Passed", "Since")
    return header, ((r.configuration.key, r.configuration.name, r.configuration.get_category_display(), r.configuration.impact, r.passed, r.changed_at) for r in rows)


def _export_alerts(page: MachinePage) -> Export:
    rows = machine_queries.alerts_of(machine_id=page.machine.pk)
    return ("Title", "Severity", "CVE", "Source", "Opened", "Closed"), ((r.title, r.severity, r.cve, r.source, r.opened_at, r.closed_at) for r in rows)


EXPORTS: dict[str, Callable[[MachinePage], Export]] = {
    "recommendations": _export_recommendations,
    "software": _export_software,
    "vulnerabilities": _export_weaknesses,
    "configuration": _export_configuration,
    "alerts": _export_alerts,
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
        return " ".join(form.errors.get("tags", ["The tags cannot be read."]))
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
