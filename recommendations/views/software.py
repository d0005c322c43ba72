"""The list of software."""

from __future__ import annotations

from collections.abc import Sequence

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from core import saved
from core.answers import list_answer
from core.exports import stream
from core.lists import WIDE, Column, Facet, ListSpec, ListState
from core.pager import pager
from inventory import scope
from inventory.models import Software
from recommendations import counters, page_charts, software_queries
from recommendations.recommendation_queries import scale_of, total_weight
from recommendations.software_queries import SoftwareFilter

THREATS = (
    ("alert", "Active alert"),
    ("exploited", "Exploited in the wild"),
    ("kit", "Exploit is in an exploit kit"),
    ("verified", "Exploit is verified"),
    ("exploit", "Exploit is available"),
)
TAGS = (
    ("untagged", "(Untagged)"),
    ("ended", "EOS software"),
    ("ended-versions", "EOS versions"),
    ("upcoming", "Upcoming EOS"),
    ("zero-day", "Zero day"),
)
SPEC = ListSpec(
    columns=(
        Column("name", "Software", sort="+", fixed=True),
        Column("vendor", "Vendor", sort="+"),
        Column("platform", "OS platform"),
        Column("ecosystem", "Kind", shown=False),
        Column("weaknesses", "Weaknesses", sort="-", numeric=True),
        Column("threats", "Threats"),
        Column("exposed", "Exposed machines", sort="-", hint="Exposed of all that have it, and the last 30 days"),
        Column("installed", "Installed", sort="-", shown=False, numeric=True),
        Column("impact", "Impact", sort="-", hint="What the exposure score drops at least when all its recommendations are done"),
        Column("tags", "Tags"),
        Column("code", "Product code", shown=False, hint="What vulnerability data calls it"),
    ),
    sort="-impact",
    facets=(
        Facet("weaknesses", "Weaknesses", (("has", "Has weaknesses"), ("none", "No known weaknesses"), ("unavailable", "Not available"))),
        Facet("threat", "Threats", THREATS),
        Facet("tag", "Tags", TAGS),
        Facet("code", "Product code", (("available", "Available"), ("missing", "Not available"))),
        Facet("platform", "OS platform", (("windows", "Windows"), ("macos", "macOS"), ("linux", "Linux"), ("any", "Any (packages)"))),
        Facet("kind", "Kind", tuple(Software.Ecosystem.choices)),
    ),
    sizes=WIDE,
)
LIST = saved.register("software", address="recommendations:software_list", spec=SPEC)
DAYS = 30


@require_safe
@vary_on_headers("HX-Request", "HX-Target")
def index(request: HttpRequest) -> HttpResponse:
    """Software of the chosen groups."""
    opened, groups = saved.opened(request, LIST), scope.of(request).group_ids
    if opened.home:
        return redirect(opened.home)
    state = opened.state
    total, rows = software_queries.software_rows(_filter(state, groups), offset=state.offset, limit=state.per_page)
    first, today = page_charts.days_until(timezone.now().date(), DAYS)
    rows = software_queries.with_days(rows, groups=groups, first=first, last=today)
    largest = max((row.impact for row in rows), default=0.0)
    context = {
        "state": state,
        "views": opened.bar(),
        "pager": pager(state, total),
        "rows": rows,
        "largest": largest,
        "computed": counters.last_run(request).id,
    }
    context |= {"facets": state.facets({}), "columns": dict.fromkeys(state.columns, True)}
    return list_answer(request, "software/index.html", context, state=state)


@require_safe
def export(request: HttpRequest) -> StreamingHttpResponse:
    """The same list without pages."""
    state, groups = SPEC.read(request.GET), scope.of(request).group_ids
    header = (
        "Id",
        "Name",
        "Vendor",
        "OS platform",
        "Kind",
        "Weaknesses",
        "Exposed machines",
        "Installed machines",
        "Impact",
        "Exploited in the wild",
        "Tags",
        "Product code",
    )
    rows = (
        (
            *(r.key, r.name, r.vendor, r.platforms, r.ecosystem, r.weaknesses if r.known else "Not available"),
            *(r.exposed if r.known or r.exposed else "", r.installed, r.impact, r.exploited, [tag.label for tag in r.tags], r.codes),
        )
        for r in software_queries.every_software(_filter(state, groups))
    )
    return stream(filename="software.csv", header=header, rows=rows)


def _filter(state: ListState, groups: Sequence[int]) -> SoftwareFilter:
    chosen = state.chosen
    return SoftwareFilter(
        groups=groups,
        scale=scale_of(total_weight(groups)),
        text=state.q,
        ecosystems=chosen["kind"],
        platforms=chosen["platform"],
        weak=chosen["weaknesses"],
        threats=chosen["threat"],
        tags=chosen["tag"],
        codes=chosen["code"],
        sort=state.sort,
    )
