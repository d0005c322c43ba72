"""The list of machines."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from core import lists, saved
from core.answers import list_answer
from core.exports import stream
from core.lists import Column, Facet, ListSpec, ListState
from inventory import scope
from inventory.models import Machine
from recommendations import counters, machine_queries
from recommendations.machine_queries import COUNTED, MachineFilter

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
        Facet(
            "data",
            "Data",
            (
                ("none", "Nothing installed"),
                ("some", "Something installed"),
                ("internet", "Internet facing"),
                ("unsupported", "System out of support"),
            ),
        ),
    ),
)
LIST = saved.register("machines", address="recommendations:machine_list", spec=SPEC)


@require_safe
@vary_on_headers("HX-Request", "HX-Target")
def index(request: HttpRequest) -> HttpResponse:
    """Machines of the chosen groups, the most exposed first."""
    opened = saved.opened(request, LIST)
    if opened.home:
        return redirect(opened.home)
    state = opened.state
    computed = counters.last_run(request).id
    chosen = _filter(request, state, computed=computed is not None)
    total = machine_queries.count_machines(chosen)
    context = {
        "state": state,
        "views": opened.bar(),
        "rows": machine_queries.machine_rows(chosen, offset=state.offset, limit=state.per_page),
        "pager": lists.pager(state, total),
        "more": total > COUNTED,
        "facets": state.facets({}),
        "columns": dict.fromkeys(state.columns, True),
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
        (
            m.name,
            m.domain,
            m.group,
            m.system,
            m.value,
            m.internet_facing,
            m.score,
            levels.get(m.level or 0) if m.level is not None else "",
            m.fixes,
            m.tags,
            m.last_seen,
        )
        for m in machine_queries.every_machine(chosen)
    )
    return stream(filename="machines.csv", header=header, rows=rows)


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
