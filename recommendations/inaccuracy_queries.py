"""Reports of inaccuracies: the list that everybody may read, and what a curator needs beside one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.urls import reverse

from core.lists import Column, Facet, ListSpec, ListState
from inventory.models import Software, Version
from recommendations.models import InaccuracyReport, Recommendation
from recommendations.recommendation_queries import platform_name
from weaknesses.models import VersionWeakness, Weakness

MATCHES_SHOWN = 8
SPEC = ListSpec(
    columns=(
        Column("about", "About", fixed=True),
        Column("category", "What is not right", fixed=True),
        Column("reported", "Reported", sort="-", fixed=True),
        Column("state", "State", fixed=True),
        Column("answer", "Answer", fixed=True),
    ),
    sort="-reported",
    facets=(
        Facet("state", "State", tuple(InaccuracyReport.State.choices)),
        Facet("kind", "About", (("recommendation", "Recommendations"), ("software", "Software"), ("weakness", "Weaknesses"))),
    ),
)


@dataclass(frozen=True, slots=True)
class ReportRow:
    """One report. `about`: the name of what it is about, `address` its page. `reporter`, `curator`: empty if they have left."""

    id: int
    about: str
    address: str
    category: str
    right_value: str
    details: str
    machine: str
    machine_id: int | None
    reporter: str
    reported_at: dt.datetime
    state: str
    state_label: str
    answer: str
    curator: str
    answered_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class Match:
    """A match that the report may be about, with the page that explains and corrects it."""

    label: str
    address: str


def page(state: ListState, *, groups: Sequence[int] | None) -> tuple[int, tuple[ReportRow, ...]]:
    """How many fit, and a page of them. `groups`: reports that name a machine outside of these are left out; None: of all groups."""
    found = _found(state, groups)
    total = found.count()
    offset = min(state.offset, max(total - 1, 0) // state.per_page * state.per_page)
    return total, tuple(_row(report) for report in found[offset : offset + state.per_page])


def every(state: ListState, *, groups: Sequence[int] | None) -> Iterator[ReportRow]:
    """All that fit, for an export."""
    return (_row(report) for report in _found(state, groups).iterator(chunk_size=1000))


def counts(*, groups: Sequence[int] | None) -> dict[str, dict[str, int]]:
    """facet -> value -> how many."""
    states = dict(_visible(groups).values_list("state").annotate(Count("id")).order_by())
    kinds = _visible(groups).aggregate(**{kind: Count(kind) for kind in ("recommendation", "software", "weakness")})
    return {"state": {value: states.get(value, 0) for value in InaccuracyReport.State.values}, "kind": kinds}


def one(pk: int, *, groups: Sequence[int] | None) -> InaccuracyReport | None:
    return _related(groups).filter(pk=pk).first()


def row_of(report: InaccuracyReport) -> ReportRow:
    return _row(report)


def open_about(subject: Recommendation | Software | Weakness, *, groups: Sequence[int] | None) -> int:
    """How many reports about it wait for an answer."""
    return _visible(groups).filter(**{type(subject).__name__.lower(): subject}, state=InaccuracyReport.State.OPEN).count()


def matches_of(report: InaccuracyReport) -> tuple[Match, ...]:
    """The matches of the weakness, those on the named machine alone where one is named."""
    weakness = report.weakness
    if weakness is None:
        return ()
    why = reverse("weaknesses:why", args=[weakness.cve])
    if report.machine_id:
        return (Match(f"Why {report.machine} has it", f"{why}?machine={report.machine_id}"),)
    found = (
        VersionWeakness.objects.filter(weakness=weakness)
        .select_related("version__software")
        .order_by("version__software__name", "version_id")
    )
    return tuple(Match(_named(row.version), f"{why}?version={row.version_id}") for row in found[:MATCHES_SHOWN])


def _visible(groups: Sequence[int] | None) -> QuerySet[InaccuracyReport]:
    found = InaccuracyReport.objects.all()
    return found if groups is None else found.filter(Q(machine__isnull=True) | Q(machine__group_id__in=groups))


def _related(groups: Sequence[int] | None) -> QuerySet[InaccuracyReport]:
    return _visible(groups).select_related("recommendation", "software", "weakness", "machine", "reported_by", "answered_by")


def _found(state: ListState, groups: Sequence[int] | None) -> QuerySet[InaccuracyReport]:
    found = _related(groups)
    if states := state.chosen.get("state"):
        found = found.filter(state__in=states)
    if kinds := state.chosen.get("kind"):
        found = found.filter(_any(Q(**{f"{kind}__isnull": False}) for kind in kinds))
    for word in state.q.split()[:8]:
        names = ("recommendation__title", "software__name", "weakness__cve", "machine__name", "details", "answer")
        found = found.filter(_any(Q(**{f"{name}__icontains": word}) for name in names))
    return found.order_by(*(("reported_at", "id") if state.sort == "reported" else ("-reported_at", "-id")))


def _named(version: Version) -> str:
    platform = f" ({platform_name(version.platform)})" if version.platform else ""
    return f"{version.software.name} {version.version}{platform}"


def _any(conditions: Iterable[Q]) -> Q:
    found = Q()
    for condition in conditions:
        found |= condition
    return found


def _row(report: InaccuracyReport) -> ReportRow:
    subject: Any = report.subject
    name, address = about(subject)
    return ReportRow(
        id=report.pk,
        about=name,
        address=address,
        category=report.get_category_display(),
        right_value=report.right_value,
        details=report.details,
        machine=report.machine.name if report.machine else "",
        machine_id=report.machine_id,
        reporter=str(report.reported_by or ""),
        reported_at=report.reported_at,
        state=report.state,
        state_label=report.get_state_display(),
        answer=report.answer,
        curator=str(report.answered_by or ""),
        answered_at=report.answered_at,
    )


def about(subject: Recommendation | Software | Weakness) -> tuple[str, str]:
    """Its name and its page."""
    if isinstance(subject, Recommendation):
        return subject.title, reverse("recommendations:detail", args=[subject.key])
    if isinstance(subject, Software):
        return subject.name, reverse("recommendations:software", args=[subject.key])
    return subject.cve, reverse("recommendations:weakness", args=[subject.cve])
