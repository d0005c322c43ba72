"""The list of weaknesses, and one of them as a flyout or a page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse, QueryDict, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from core import keyset, saved
from core.admin_links import add_address
from core.answers import list_answer
from core.exports import stream
from core.htmx import wants
from core.lists import Column, ListSpec, ListState
from core.origin import Crumb
from core.pager import pager
from inventory import scope
from recommendations import counters, origins, page_charts, score_queries, weakness_list_queries, weakness_queries
from recommendations.recommendation_queries import scale_of, total_weight
from recommendations.weakness_filters import LISTED, SPEC, filter_of
from recommendations.weakness_list_queries import WeaknessFilter, WeaknessRow
from weaknesses.models import MatchOverride, Weakness
from weaknesses.source_names import source_name

MACHINES = ListSpec(columns=(Column("name", "Machine", fixed=True),), sort="-score", per_page=50, keeps=("from",), keyset=True)
HEADER = (
    *("CVE", "Title", "Severity", "CVSS", "EPSS", "Exploit", "Exploited in the wild", "Ransomware", "Active alert", "Software"),
    *("More software", "Age, days", "Published", "Updated", "Exposed machines", "Tags"),
)
LIST = saved.register("weaknesses", address="recommendations:weakness_list", spec=SPEC)


@require_safe
@vary_on_headers("HX-Request", "HX-Target")
def index(request: HttpRequest) -> HttpResponse:
    """Weaknesses on machines of the chosen groups; with `present=any` all known ones. With `open` the flyout stands on it."""
    opened = saved.opened(request, LIST)
    if opened.home:
        return redirect(opened.home)
    state = opened.state
    chosen = _filter(request, state)
    total, rows = weakness_list_queries.weakness_rows(chosen, offset=state.offset, limit=state.per_page)
    context = {
        "state": state,
        "views": opened.bar(),
        "rows": rows,
        "pager": pager(state, total),
        "counts": weakness_list_queries.weakness_counts(groups=chosen.groups, everything=chosen.everything),
        "computed": counters.last_run(request).id,
        "columns": dict.fromkeys(state.columns, True),
        "facets": state.facets({}),
    }
    if state.open and not wants(request, "results"):
        context |= _flyout_context(request, state, state.open) or {"open_unknown": state.open}
    return list_answer(request, "weaknesses/index.html", context, state=state)


@require_safe
def export(request: HttpRequest) -> StreamingHttpResponse:
    """The same list without pages."""
    rows = weakness_list_queries.every_weakness(_filter(request, SPEC.read(request.GET)))
    return stream(filename="weaknesses.csv", header=HEADER, rows=(_csv_row(row) for row in rows))


@require_safe
@vary_on_headers("HX-Request", "HX-Target")
def detail(request: HttpRequest, cve: str) -> HttpResponse:
    """One weakness: a page, or for HTMX the content of the flyout. On a `machine` or `version`: why that match is one."""
    if cve != cve.upper():
        return redirect("recommendations:weakness", cve=cve.upper(), permanent=True)
    if asked := {name: request.GET[name] for name in ("machine", "version", "software") if request.GET.get(name)}:
        return redirect(f"{reverse('weaknesses:why', args=[cve])}?{urlencode(asked)}")
    if wants(request, "flyout"):
        state = LISTED.behind(request)
        context = _flyout_context(request, state or SPEC.read(QueryDict()), cve)
        if context is None:
            raise Http404(f"{cve} is not known here.")
        return LISTED.answer(request, "weaknesses/detail.html", context, state=state, key=cve, place=context["place"])
    found = _detail_context(request, cve)
    if (found is None or found["weakness"].rejected) and (name := weakness_list_queries.current_name(cve)):
        return redirect("recommendations:weakness", cve=name)
    if found is None:
        raise Http404(f"{cve} is not known here.")
    return render(request, "weaknesses/detail.html", found | {"trail": origins.trail(request, home=origins.WEAKNESSES)})


@require_safe
def machines(request: HttpRequest, cve: str) -> HttpResponse:
    """All machines of the chosen groups that have the weakness, the most exposed first."""
    weakness, groups = _known(cve), scope.of(request).group_ids
    page = reverse("recommendations:weakness", args=[cve])
    reached = origins.trail(request, home=origins.WEAKNESSES, page=page, then=(Crumb(cve, page),))
    state = MACHINES.read(request.GET)
    total, part, rows = weakness_queries.carriers_of(cve=cve, groups=groups, state=state)
    context = {"weakness": weakness, "trail": reached, "rows": rows, "state": state, "pager": keyset.pages(state, part, total)}
    return render(request, "weaknesses/machine_list.html", context)


@require_safe
def export_machines(request: HttpRequest, cve: str) -> StreamingHttpResponse:
    """The same machines without pages."""
    _known(cve)
    header = ("Machine", "Domain", "Group", "System", "Versions", "Score", "Last seen")
    return stream(filename=f"{cve}-machines.csv", header=header, rows=_machine_rows(cve, scope.of(request).group_ids))


def _known(cve: str) -> Weakness:
    weakness = Weakness.objects.filter(cve=cve).first()
    if weakness is None:
        raise Http404(f"{cve} is not known here.")
    return weakness


def _machine_rows(cve: str, groups: Sequence[int]) -> Iterator[tuple[object, ...]]:
    for row in weakness_queries.every_carrier(cve=cve, groups=groups):
        yield row.name, row.domain, row.group, row.system, row.versions, row.score, row.last_seen


def _flyout_context(request: HttpRequest, state: ListState, cve: str) -> dict[str, Any] | None:
    """The detail with its place in the list. None: there is no such weakness."""
    context = _detail_context(request, cve.upper())
    if context is None:
        return None
    cve = context["weakness"].cve
    place = weakness_list_queries.place_in(_filter(request, state), state, cve)
    return context | {"place": place, "head": LISTED.head(state, key=cve, title=cve, place=place)}


def _detail_context(request: HttpRequest, cve: str) -> dict[str, Any] | None:
    chosen = scope.of(request)
    page = weakness_queries.weakness_page(
        cve=cve,
        groups=chosen.group_ids,
        everything=chosen.is_all,
        scale=scale_of(total_weight(chosen.group_ids)),
        weights=score_queries.weights_of(score_queries.scoring_settings()),
        now=timezone.now(),
    )
    if page is None:
        return None
    return {
        "page": page,
        "weakness": page.weakness,
        "computed": counters.last_run(request).id,
        "as_of": counters.last_run(request).finished_at,
        "source": source_name(page.weakness.source),
        "correct": add_address(request, MatchOverride, weakness=page.weakness.pk),
        "epss": page_charts.epss(page.epss),
    }


def _filter(request: HttpRequest, state: ListState) -> WeaknessFilter:
    chosen = scope.of(request)
    return filter_of(state, groups=chosen.group_ids, everything=chosen.is_all, now=timezone.now())


def _csv_row(row: WeaknessRow) -> tuple[object, ...]:
    return (
        row.cve,
        row.title,
        Weakness.Severity(row.severity).label,
        row.cvss,
        row.epss,
        Weakness.Exploit(row.exploit).label,
        row.exploited,
        row.ransomware,
        row.alert,
        row.software,
        row.more,
        row.age,
        row.published_at,
        row.modified_at,
        row.exposed,
        [tag.label for tag in row.tags],
    )
