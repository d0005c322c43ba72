"""The lists of recommendations as CSV: what the screen shows, without its pages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.http import HttpRequest, StreamingHttpResponse
from django.views.decorators.http import require_safe

from core.exports import stream
from inventory import scope
from recommendations import behind_queries, detail_queries, recommendation_queries
from recommendations.filters import SPEC
from recommendations.machine_queries import Carrier
from recommendations.models import MachineScore
from recommendations.recommendation_queries import RecommendationRow
from recommendations.views.recommendation_lists import WEAKNESSES, found, machine_spec
from weaknesses.models import Weakness

HEADER = (
    "id", "recommendation", "remediation_type", "status", "related_component", "category", "weaknesses", "active_alert", "exploit",
    "exploited_in_the_wild", "exposed_machines", "installed_machines", "exposed_after_exceptions", "impact", "impact_after_exceptions",
    "configuration_points", "activities", "tags",
)  # fmt: skip
MACHINE_HEADER = ("machine", "domain", "group", "system", "versions", "exposure_level", "score", "last_seen")
WEAKNESS_HEADER = ("cve", "title", "severity", "cvss", "epss", "exploit", "exploited_in_the_wild", "active_alert", "fixed_in", "published")


@require_safe
def recommendations(request: HttpRequest) -> StreamingHttpResponse:
    """The list of this address, all of its pages; with `pick` these rows alone, whatever the filters."""
    state, groups = SPEC.read(request.GET), scope.of(request).group_ids
    if state.picks:
        chosen = recommendation_queries.picked(state.picks, groups=groups)
        return stream(filename="picked-recommendations.csv", header=HEADER, rows=map(_line, chosen))
    found = recommendation_queries.read(state, groups=groups)
    return stream(filename="recommendations.csv", header=HEADER, rows=map(_line, found.rows))


@require_safe
def machines(request: HttpRequest, key: str, which: str) -> StreamingHttpResponse:
    """The list of this address, all of its pages."""
    recommendation = found(key)
    state, groups = machine_spec(recommendation).read(request.GET), scope.of(request).group_ids
    rows = behind_queries.every_machine(recommendation, groups=groups, exposed=which == "exposed", text=state.q, sort=state.sort)
    return stream(filename=f"{which}-machines.csv", header=MACHINE_HEADER, rows=map(_machine_line, rows))


@require_safe
def weaknesses(request: HttpRequest, key: str) -> StreamingHttpResponse:
    state = WEAKNESSES.read(request.GET)
    addressed = detail_queries.weaknesses_of(found(key), text=state.q, sort=state.sort, limit=None)
    return stream(filename="weaknesses.csv", header=WEAKNESS_HEADER, rows=_weakness_lines(addressed.rows))


def _line(row: RecommendationRow) -> tuple[Any, ...]:
    return (
        row.key,
        row.title,
        row.kind_label,
        row.status_label,
        row.component,
        row.category_label,
        row.weaknesses,
        row.alert,
        Weakness.Exploit(row.exploit).label,
        row.exploited,
        row.exposed,
        row.installed,
        row.exposed_after,
        row.impact,
        row.impact_after,
        "" if row.gain is None else row.gain,
        row.activities,
        "; ".join(tag.label for tag in row.tags),
    )


def _machine_line(machine: Carrier) -> tuple[Any, ...]:
    level = MachineScore.Level(machine.level).label
    versions = "; ".join(machine.versions)
    return (machine.name, machine.domain, machine.group, machine.system, versions, level, machine.score, machine.last_seen)


def _weakness_lines(rows: tuple[detail_queries.AddressedWeakness, ...]) -> Iterator[tuple[Any, ...]]:
    for row in rows:
        severity, exploit = Weakness.Severity(row.severity).label, Weakness.Exploit(row.exploit).label
        cvss = "" if row.cvss is None else row.cvss
        yield (row.cve, row.title, severity, cvss, row.epss, exploit, row.exploited, row.alert, row.fixed, row.published_at or "")
