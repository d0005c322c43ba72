"""Reports of inaccuracies: the list that everybody may read, and what a curator needs beside one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.urls import reverse

from core.lists import Column, Facet, ListSpec, ListState
from core.models import OutgoingMail, User
from inventory.models import Installation, Software, Version
from recommendations import inaccuracy_actions
from recommendations.models import InaccuracyReport, Recommendation
from recommendations.recommendation_queries import platform_name
from weaknesses.models import VersionWeakness, Weakness
from weaknesses.override_queries import scope_of

MATCHES_SHOWN = 8
FACETS = (
    Facet("state", "State", tuple(InaccuracyReport.State.choices)),
    Facet("kind", "About", (("recommendation", "Recommendations"), ("software", "Software"), ("weakness", "Weaknesses"))),
)
LOG = ListSpec(
    columns=(
        Column("about", "About", fixed=True),
        Column("category", "What was reported", fixed=True),
        Column("reported", "Reported", sort="-", fixed=True),
        Column("state", "State", fixed=True),
        Column("fixed", "What came of it", fixed=True),
        Column("matches", "Matches changed", fixed=True, numeric=True),
    ),
    sort="-reported",
    facets=FACETS,
)
SPEC = ListSpec(
    columns=(
        Column("about", "About", fixed=True),
        Column("category", "What is not right", fixed=True),
        Column("reported", "Reported", sort="-", fixed=True),
        Column("state", "State", fixed=True),
        Column("answer", "Answer", fixed=True),
    ),
    sort="-reported",
    facets=FACETS,
)


@dataclass(frozen=True, slots=True)
class ReportRow:
    """One report. `about`: the name of what it is about, `address` its page. `reporter`, `curator`: empty if they have left.

    `correction`: how far the override reaches that corrected it, empty without one; `corrected_since`: it was taken back.
    """

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
    correction: str
    corrected_since: bool
    matches_changed: int | None


@dataclass(frozen=True, slots=True)
class Match:
    """A match that the report may be about, with the page that explains and corrects it."""

    label: str
    address: str
    version_id: int
    weakness: Weakness


def page(state: ListState, *, by: User | None = None, public: bool = False) -> tuple[int, tuple[ReportRow, ...]]:
    """How many fit, and a page of them. `by`: those of one user alone; `public`: what was said in reports is not searched."""
    found = _found(state, by=by, public=public)
    total = found.count()
    return total, tuple(row_of(report) for report in found[state.part(total)])


def every(state: ListState, *, by: User | None = None, public: bool = False) -> Iterator[ReportRow]:
    """All that fit, for an export."""
    return (row_of(report) for report in _found(state, by=by, public=public).iterator(chunk_size=1000))


def counts(*, by: User | None = None) -> dict[str, dict[str, int]]:
    """facet -> value -> how many."""
    reports = InaccuracyReport.objects.filter(reported_by=by) if by else InaccuracyReport.objects.all()
    states = dict(reports.values_list("state").annotate(Count("id")).order_by())
    kinds = reports.aggregate(**{kind: Count(kind) for kind in ("recommendation", "software", "weakness")})
    return {"state": {value: states.get(value, 0) for value in InaccuracyReport.State.values}, "kind": kinds}


def one(pk: int) -> InaccuracyReport | None:
    return _related().filter(pk=pk).first()


def open_about(subject: Recommendation | Software | Weakness) -> int:
    """How many reports about it wait for an answer."""
    return InaccuracyReport.objects.filter(**{type(subject).__name__.lower(): subject}, state=InaccuracyReport.State.OPEN).count()


def matches_of(report: InaccuracyReport) -> tuple[Match, ...]:
    """Matches that the report may be about, the worst first: of its weakness or software, and of the named machine, if it has any."""
    weakness, software = report.weakness, report.software or (report.recommendation.software if report.recommendation else None)
    if weakness is None and software is None:
        return ()
    found = VersionWeakness.objects.filter(weakness=weakness) if weakness else VersionWeakness.objects.filter(version__software=software)
    if report.machine_id:
        here = found.filter(version_id__in=Installation.objects.filter(machine_id=report.machine_id).values("version_id"))
        found = here if here.exists() else found
    worst = found.select_related("version__software", "weakness").order_by(
        "-weakness__exploited", "-weakness__severity", "version__software__name", "weakness__cve", "version_id"
    )
    return tuple(_match(row, named=weakness is None) for row in worst[:MATCHES_SHOWN])


def one_match(matches: Sequence[Match], asked: str) -> Match | None:
    """The match that an address names as "version:CVE", else the first."""
    return next((match for match in matches if f"{match.version_id}:{match.weakness.cve}" == asked), matches[0] if matches else None)


def mail_of(report: InaccuracyReport) -> OutgoingMail | None:
    """The newest mail with an answer."""
    return OutgoingMail.objects.filter(about=inaccuracy_actions.about(report)).order_by("-id").first()


def _match(row: VersionWeakness, *, named: bool) -> Match:
    address = f"{reverse('weaknesses:why', args=[row.weakness.cve])}?version={row.version_id}"
    label = f"{row.weakness.cve} in {_named(row.version)}" if named else _named(row.version)
    return Match(label, address, row.version_id, row.weakness)


def _related() -> QuerySet[InaccuracyReport]:
    return InaccuracyReport.objects.select_related(
        "recommendation", "software", "weakness", "machine", "reported_by", "answered_by", "override"
    )


def _found(state: ListState, *, by: User | None, public: bool) -> QuerySet[InaccuracyReport]:
    found = _related().filter(reported_by=by) if by else _related()
    if states := state.chosen.get("state"):
        found = found.filter(state__in=states)
    if kinds := state.chosen.get("kind"):
        found = found.filter(_any(Q(**{f"{kind}__isnull": False}) for kind in kinds))
    for word in state.q.split()[:8]:
        names = ["recommendation__title", "software__name", "weakness__cve", "answer", *([] if public else ["machine__name", "details"])]
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


def row_of(report: InaccuracyReport) -> ReportRow:
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
        correction=scope_of(report.override) if report.override else "",
        corrected_since=report.override is not None and report.override.revoked_at is not None,
        matches_changed=report.matches_changed,
    )


def about(subject: Recommendation | Software | Weakness) -> tuple[str, str]:
    """Its name and its page."""
    if isinstance(subject, Recommendation):
        return subject.title, reverse("recommendations:detail", args=[subject.key])
    if isinstance(subject, Software):
        return subject.name, reverse("recommendations:software", args=[subject.key])
    return subject.cve, reverse("recommendations:weakness", args=[subject.cve])
