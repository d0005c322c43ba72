"""The list of weaknesses, and the page of one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from core import lists, saved
from core.admin_links import add_address
from core.answers import list_answer
from core.exports import stream
from core.lists import Column, Facet, ListSpec, ListState
from inventory import scope
from recommendations import counters, score_queries, weakness_queries
from recommendations.recommendation_queries import scale_of, total_weight
from recommendations.weakness_queries import THREATS, WeaknessFilter
from weaknesses.models import MatchOverride, Weakness
from weaknesses.source_names import source_name

SEVERITIES = tuple((severity.label.lower(), severity.label) for severity in reversed(Weakness.Severity) if severity)
NUMBERS = {severity.label.lower(): severity.value for severity in Weakness.Severity}
SPEC = ListSpec(
    columns=(
        Column("cve", "Name", sort="-", fixed=True),
        Column("severity", "Severity", sort="-"),
        Column("cvss", "CVSS", sort="-", numeric=True),
        Column("epss", "EPSS", sort="-", numeric=True, hint="Chance of being exploited in the next 30 days"),
        Column("software", "Related software"),
        Column("published", "Published", sort="-"),
        Column("updated", "Updated", shown=False),
        Column("threats", "Threats"),
        Column("exposed", "Exposed machines", sort="-", numeric=True),
    ),
    sort="-exposed",
    facets=(
        Facet("present", "Exposed machines", (("here", "Affects my organisation"),), default=("here",)),
        Facet("severity", "Severity", SEVERITIES),
        Facet("threat", "Threats", tuple(THREATS.items())),
    ),
)
LIST = saved.register("weaknesses", address="recommendations:weakness_list", spec=SPEC)


@require_safe
@vary_on_headers("HX-Request", "HX-Target")
def index(request: HttpRequest) -> HttpResponse:
    """Weaknesses on machines of the chosen groups; with `present=any` all known ones."""
    opened = saved.opened(request, LIST)
    if opened.home:
        return redirect(opened.home)
    state = opened.state
    total, rows = weakness_queries.weakness_rows(_filter(request, state), offset=state.offset, limit=state.per_page)
    context = {
        "state": state,
        "views": opened.bar(),
        "rows": rows,
        "pager": lists.pager(state, total),
        "counts": weakness_queries.weakness_counts(),
        "computed": counters.last_run(request).id,
        "columns": dict.fromkeys(state.columns, True),
        "facets": state.facets({}),
    }
    return list_answer(request, "weaknesses/index.html", context, state=state)


@require_safe
def export(request: HttpRequest) -> StreamingHttpResponse:
    """The same list without pages."""
    rows = weakness_queries.every_weakness(_filter(request, SPEC.read(request.GET)))
    header = (
        "CVE",
        "Severity",
        "CVSS",
        "EPSS",
        "Exploit",
        "Exploited in the wild",
        "Ransomware",
        "Software",
        "Published",
        "Updated",
        "Exposed machines",
    )
    return stream(filename="weaknesses.csv", header=header, rows=(_csv_row(row) for row in rows))


@require_safe
def detail(request: HttpRequest, cve: str) -> HttpResponse:
    """One weakness: what it is, who attacks it, why it is here, and what removes it. On a `machine` or `version`: that match."""
    if cve != cve.upper():
        return redirect("recommendations:weakness", cve=cve.upper(), permanent=True)
    if asked := {name: request.GET[name] for name in ("machine", "version", "software") if request.GET.get(name)}:
        return redirect(f"{reverse('weaknesses:why', args=[cve])}?{urlencode(asked)}")
    chosen = scope.of(request)
    weights = score_queries.weights_of(score_queries.scoring_settings())
    page = weakness_queries.weakness_page(
        cve=cve,
        groups=chosen.group_ids,
        everything=chosen.is_all,
        scale=scale_of(total_weight(chosen.group_ids)),
        weights=weights,
    )
    if page is None:
        raise Http404(f"{cve} is not known here.")
    context = {"page": page, "weakness": page.weakness, "computed": counters.last_run(request).id}
    context["source"] = source_name(page.weakness.source)
    context["correct"] = add_address(request, MatchOverride, weakness=page.weakness.pk)
    return render(request, "weaknesses/detail.html", context)


@require_safe
def export_machines(request: HttpRequest, cve: str) -> StreamingHttpResponse:
    """All machines of the chosen groups that have the weakness."""
    groups = scope.of(request).group_ids
    if not Weakness.objects.filter(cve=cve).exists():
        raise Http404(f"{cve} is not known here.")
    header = ("Machine", "Domain", "Group", "System", "Versions", "Score", "Last seen")
    return stream(filename=f"{cve}-machines.csv", header=header, rows=_machine_rows(cve, groups))


def _machine_rows(cve: str, groups: Sequence[int]) -> Iterator[tuple[object, ...]]:
    for row in weakness_queries.every_carrier(cve=cve, groups=groups):
        yield row.name, row.domain, row.group, row.system, row.versions, row.score, row.last_seen


def _filter(request: HttpRequest, state: ListState) -> WeaknessFilter:
    chosen = scope.of(request)
    return WeaknessFilter(
        groups=chosen.group_ids,
        everything=chosen.is_all,
        present="here" in state.chosen["present"],
        text=state.q,
        severity=tuple(NUMBERS[name] for name in state.chosen["severity"]),
        threats=state.chosen["threat"],
        sort=state.sort,
    )


def _csv_row(row: weakness_queries.WeaknessRow) -> tuple[object, ...]:
    return (
        row.cve,
        Weakness.Severity(row.severity).label,
        row.cvss,
        row.epss,
        Weakness.Exploit(row.exploit).label,
        row.exploited,
        row.ransomware,
        row.software,
        row.published_at,
        row.modified_at,
        row.exposed,
    )
