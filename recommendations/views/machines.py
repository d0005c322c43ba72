"""The list of machines."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from core import keyset, saved
from core.answers import list_answer
from core.exports import stream
from recommendations import counters, machine_queries
from recommendations.machine_filters import RISKS
from recommendations.views import machine_bulk
from recommendations.views.machine_spec import SPEC, chosen_machines, read, spec_of

LIST = saved.register("machines", address="recommendations:machine_list", spec=SPEC, spec_of=spec_of)


@require_safe
@vary_on_headers("HX-Request", "HX-Target")
def index(request: HttpRequest) -> HttpResponse:
    """Machines of the chosen groups, the most exposed first."""
    opened = saved.opened(request, LIST)
    if opened.home:
        return redirect(opened.home)
    state = opened.state
    computed = counters.last_run(request).id
    chosen = chosen_machines(request, state)
    total, exact = machine_queries.count_machines(chosen)
    part, rows = machine_queries.machine_page(chosen, state, now=timezone.now(), total=total if exact else None)
    may_change = machine_bulk.may_change(request)
    context = {
        "state": state,
        "views": opened.bar(),
        "rows": rows,
        "pager": keyset.pages(state, part, total, exact=exact),
        "more": not exact,
        "facets": state.facets({}),
        "columns": dict.fromkeys(state.columns, True),
        "computed": computed,
        "may_change": may_change,
        "changes": machine_bulk.CHANGES.items() if may_change else (),
        "undo": machine_bulk.undo_offer(request) if may_change else None,
        "here": f"{request.path}{state.address(open='')}",
        "listed": state.export_address,
    }
    return list_answer(request, "machines/index.html", context, state=state)


@require_safe
def export(request: HttpRequest) -> StreamingHttpResponse:
    """The same list without pages."""
    chosen = chosen_machines(request, read(request))
    header = (
        "Machine", "Domain", "Group", "Risk level", "Exposure level", "Score", "Recommendations", "OS platform", "OS version", "OS build",
        "Health", "Last seen", "Value", "Internet facing", "Tags",
    )  # fmt: skip
    levels = dict(zip(range(4), ("None", "Low", "Medium", "High"), strict=True))
    rows = (
        (
            m.name, m.domain, m.group, "" if m.risk is None else RISKS[m.risk], "" if m.level is None else levels[m.level], m.score,
            m.fixes, m.platform, m.version, m.build, m.health[2], m.last_seen, m.value, m.internet_facing, m.tags,
        )
        for m in machine_queries.every_machine(chosen, now=timezone.now())
    )  # fmt: skip
    return stream(filename="machines.csv", header=header, rows=rows)
