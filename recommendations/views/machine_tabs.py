"""The tabs of the page of a machine: what each list knows, and the rows that an address spells."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from core.lists import WIDE, Column, Facet, ListSpec, ListState
from inventory.models import Configuration, Machine
from recommendations import machine_page_queries, update_queries
from recommendations.machine_page_queries import Fix, MachinePage
from recommendations.models import Recommendation
from weaknesses import opinion_queries
from weaknesses.models import Weakness

KEEPS = ("tab", "from")
SEVERITIES = {label.lower(): level for level, label in reversed(Weakness.Severity.choices)}

SPECS = {
    "recommendations": ListSpec(
        columns=(
            Column("title", "Recommendation", sort="+"),
            Column("weaknesses", "Weaknesses", sort="-", numeric=True),
            Column("component", "Related component", sort="+"),
            Column("threats", "Threats"),
            Column("status", "Status"),
            Column("kind", "Remediation type", sort="+"),
            Column("hazard", "Hazard", numeric=True, hint="What it takes off the machine's hazard"),
            Column("share", "Share", numeric=True, hint="That part of the machine's hazard"),
            Column("drop", "Drop here", sort="-", hint="What the score of this machine drops"),
        ),
        sort="-drop",
        facets=(Facet("kind", "Remediation type", tuple(Recommendation.Kind.choices)),),
        per_page=50,
        keeps=KEEPS,
    ),
    "software": ListSpec(
        columns=(
            Column("name", "Name", sort="+"),
            Column("vendor", "Vendor", sort="+"),
            Column("version", "Installed version"),
            Column("weaknesses", "Weaknesses", sort="-", numeric=True),
            Column("threats", "Threats", sort="-"),
            Column("first_seen", "First seen", sort="-"),
            Column("evidence", "Evidence"),
        ),
        sort="-threats",
        facets=(Facet("found", "Weaknesses", (("weak", "With weaknesses"), ("exploited", "Exploited in the wild"))),),
        per_page=50,
        keeps=KEEPS,
    ),
    "vulnerabilities": ListSpec(
        columns=(
            Column("name", "Name", sort="+"),
            Column("severity", "Severity", sort="-"),
            Column("cvss", "CVSS", sort="-", numeric=True),
            Column("epss", "EPSS", sort="-", numeric=True),
            Column("software", "Related software"),
            Column("published", "Published on", sort="-"),
            Column("updated", "Updated on", sort="-"),
            Column("threats", "Threats", sort="-"),
        ),
        sort="-threats",
        facets=(
            Facet("severity", "Severity", tuple((key, key.capitalize()) for key in SEVERITIES)),
            Facet("threat", "Threats", (("exploited", "Exploited in the wild"), ("exploit", "Public exploit"))),
        ),
        per_page=50,
        keeps=("tab", "version"),
        sizes=WIDE,
    ),
    "updates": ListSpec(columns=(), sort="", per_page=50, keeps=KEEPS),
    "configuration": ListSpec(
        columns=(
            Column("name", "Check", sort="+"),
            Column("category", "Category", sort="+"),
            Column("impact", "Impact", sort="-", numeric=True),
            Column("result", "Result", sort="+"),
            Column("since", "Since", sort="-"),
        ),
        sort="result",
        facets=(
            Facet("result", "Result", (("failed", "Failed"), ("passed", "Passed"))),
            Facet("category", "Category", tuple(Configuration.Category.choices)),
        ),
        per_page=50,
        keeps=KEEPS,
    ),
    "alerts": ListSpec(
        columns=(), sort="", facets=(Facet("state", "State", (("open", "Open"), ("closed", "Closed"))),), per_page=50, keeps=KEEPS
    ),
    "opinions": ListSpec(columns=(), sort="", per_page=50, keeps=(*KEEPS, "verdict")),
}


@dataclass(frozen=True, slots=True)
class TabRows:
    """How many rows fit, and a page of them; `more` is what the template of the tab needs beside."""

    total: int
    rows: Sequence[Any]
    more: dict[str, Any]


def tab_rows(tab: str, page: MachinePage, state: ListState, *, limit: int | None) -> TabRows:
    """The rows of a tab from the offset of the state on; `limit` None: all of them, from the first."""
    offset = state.offset if limit is not None else 0
    return _READERS[tab](page, state, offset, limit)


def _recommendations(page: MachinePage, state: ListState, offset: int, limit: int | None) -> TabRows:
    words, kinds = state.q.lower(), state.chosen["kind"]
    fits = [
        fix
        for fix in page.fixes
        if (not words or words in fix.title.lower() or words in fix.component.lower()) and (not kinds or fix.kind in kinds)
    ]
    key, descending = state.sort.removeprefix("-"), state.sort.startswith("-")
    if key != "drop":
        fits.sort(key=_ORDERS[key], reverse=descending)
    elif not descending:
        fits.reverse()
    return TabRows(len(fits), _part(fits, offset, limit), {"largest": max((fix.drop for fix in page.fixes), default=0.0)})


_ORDERS: dict[str, Callable[[Fix], Any]] = {
    "title": lambda fix: fix.title.lower(),
    "weaknesses": lambda fix: fix.weaknesses,
    "component": lambda fix: fix.component.lower(),
    "kind": lambda fix: fix.kind_label,
}


def _software(page: MachinePage, state: ListState, offset: int, limit: int | None) -> TabRows:
    found = state.chosen["found"]
    total, rows = machine_page_queries.software_rows(
        machine_id=page.machine.pk,
        text=state.q,
        weak="weak" in found,
        exploited="exploited" in found,
        sort=state.sort,
        offset=offset,
        limit=limit,
    )
    return TabRows(total, rows, {})


def _vulnerabilities(page: MachinePage, state: ListState, offset: int, limit: int | None) -> TabRows:
    threats, version = state.chosen["threat"], dict(state.kept).get("version", "")
    total, rows = machine_page_queries.weakness_rows(
        machine_id=page.machine.pk,
        text=state.q,
        severities=[SEVERITIES[name] for name in state.chosen["severity"]],
        exploited="exploited" in threats,
        exploit="exploit" in threats,
        version_id=int(version) if version.isdecimal() and len(version) < 10 else None,
        sort=state.sort,
        offset=offset,
        limit=limit,
    )
    return TabRows(total, rows, {"of_version": bool(version)})


def _updates(page: MachinePage, state: ListState, offset: int, limit: int | None) -> TabRows:
    rows = update_queries.missing_on_machine(machine=page.machine)
    return TabRows(len(rows), rows, {"has_level": has_level(page.machine)})


def _configuration(page: MachinePage, state: ListState, offset: int, limit: int | None) -> TabRows:
    results = state.chosen["result"]
    found = machine_page_queries.check_results(
        machine_id=page.machine.pk,
        text=state.q,
        passed=None if len(results) != 1 else results == ("passed",),
        categories=state.chosen["category"],
        sort=state.sort,
    )
    narrowed = state.q or results or state.chosen["category"]
    return TabRows(found.count() if narrowed else page.checks, _part(found, offset, limit), {})


def _alerts(page: MachinePage, state: ListState, offset: int, limit: int | None) -> TabRows:
    states = state.chosen["state"]
    found = machine_page_queries.alerts_of(machine_id=page.machine.pk, is_open=None if len(states) != 1 else states == ("open",))
    total = page.alerts if len(states) != 1 else page.active_alerts if states == ("open",) else page.alerts - page.active_alerts
    return TabRows(total, _part(found, offset, limit), {})


def _opinions(page: MachinePage, state: ListState, offset: int, limit: int | None) -> TabRows:
    verdict = dict(state.kept).get("verdict", "")
    found = opinion_queries.machine_opinions(machine_id=page.machine.pk, verdict=verdict, text=state.q, offset=offset, limit=limit)
    return TabRows(found.total, found.rows, {"opinions": found, "verdict": verdict})


def _part(rows: Any, offset: int, limit: int | None) -> Any:
    return rows if limit is None else rows[offset : offset + limit]


def has_level(machine: Machine) -> bool:
    """Whether the version of Windows tells its patch level by itself: 10.0.build.revision."""
    return machine.os_version.count(".") == 3


_READERS: dict[str, Callable[[MachinePage, ListState, int, int | None], TabRows]] = {
    "recommendations": _recommendations,
    "software": _software,
    "vulnerabilities": _vulnerabilities,
    "updates": _updates,
    "configuration": _configuration,
    "alerts": _alerts,
    "opinions": _opinions,
}

# Each tab as a CSV file: its header, and a row of it.
COLUMNS: dict[str, tuple[Sequence[str], Callable[[Any], Sequence[object]]]] = {
    "recommendations": (
        ("Id", "Recommendation", "Kind", "Status", "Component", "Weaknesses", "Hazard", "Share of hazard", "Score drop here"),
        lambda f: (f.key, f.title, f.kind_label, f.status_label, f.component, f.weaknesses, f.hazard, f.share, f.drop),
    ),
    "software": (
        ("Software", "Vendor", "Version", "Weaknesses", "Exploited in the wild", "First seen", "Evidence"),
        lambda r: (r.name, r.vendor, r.version, r.weaknesses, r.exploited, r.first_seen, r.evidence),
    ),
    "vulnerabilities": (
        ("CVE", "Severity", "CVSS", "EPSS", "Exploited in the wild", "Software", "Published", "Updated"),
        lambda r: (r.cve, r.severity, r.cvss, r.epss, r.exploited, r.software, r.published_at, r.updated_at),
    ),
    "updates": (
        ("KB", "Title", "Build", "Released on", "Latest", "Vulnerabilities fixed", "Replaces", "Address"),
        lambda r: (f"KB{r.kb}", r.title, r.fixed, r.released_on, r.is_latest, r.weaknesses, r.supersedes, r.url),
    ),
    "configuration": (
        ("Check", "Name", "Category", "Impact", "Passed", "Since"),
        lambda r: (
            r.configuration.key,
            r.configuration.name,
            r.configuration.get_category_display(),
            r.configuration.impact,
            r.passed,
            r.changed_at,
        ),
    ),
    "alerts": (
        ("Title", "Severity", "CVE", "Source", "Opened", "Closed"),
        lambda r: (r.title, r.severity, r.cve, r.source, r.opened_at, r.closed_at),
    ),
    "opinions": (
        ("Weakness", "Software", "Version", "Who says affected", "Scanners", "Fixed in, they say", "Why we do not"),
        lambda r: (r.weakness, r.software, r.version, r.label, r.scanners, r.fixed, r.why),
    ),
}


def csv_rows(tab: str, page: MachinePage, state: ListState) -> tuple[Sequence[str], Iterable[Sequence[object]]]:
    """Header and rows of the tab as the address narrows and orders it, without pages."""
    header, row = COLUMNS[tab]
    return header, (row(found) for found in tab_rows(tab, page, state, limit=None).rows)
