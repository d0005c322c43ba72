"""The tabs of the page of a software, and of one version of it: what each lists, shows and exports."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict

from core import keyset
from core.lists import Column, Facet, ListSpec, ListState
from core.pager import pager
from recommendations import software_tab_queries, timeline_queries, update_queries
from recommendations.software_queries import SoftwarePage
from recommendations.software_tab_queries import MachineFilter, VersionRow, WeaknessFilter
from recommendations.timeline_queries import EventFilter
from weaknesses.models import Event, Weakness

Export = tuple[Sequence[str], Iterable[Sequence[object]]]
PER_PAGE = 50
KEEPS = ("tab", "from")
NUMBERS = {severity.label.lower(): severity.value for severity in Weakness.Severity}
SEVERITIES = tuple((severity.label.lower(), severity.label) for severity in reversed(Weakness.Severity) if severity)
THREATS = (
    ("exploited", "Exploited in the wild"),
    ("kit", "Exploit is in an exploit kit"),
    ("verified", "Exploit is verified"),
    ("exploit", "Exploit is available"),
)
WEAKNESSES = ListSpec(
    columns=(
        Column("cve", "Name", sort="-", fixed=True),
        Column("severity", "Severity", sort="-"),
        Column("cvss", "CVSS", sort="-", numeric=True),
        Column("epss", "EPSS", sort="-", numeric=True, hint="Chance of being exploited in the next 30 days"),
        Column("threats", "Threats"),
        Column("published", "Published", sort="-"),
        Column("installed", "Installed machines", sort="-", numeric=True, hint="A machine with two affected versions counts twice"),
    ),
    sort="",
    facets=(
        Facet("severity", "Severity", (*SEVERITIES, ("none", "Not rated"))),
        Facet("threat", "Threats", THREATS),
        Facet("remedy", "Remedy", (("known", "Fix available"), ("none", "No fix available"))),
    ),
    per_page=PER_PAGE,
    keeps=KEEPS,
)
MACHINES = ListSpec(
    columns=(
        Column("name", "Machine", fixed=True),
        Column("domain", "Domain"),
        Column("group", "Group"),
        Column("system", "System"),
        Column("versions", "Version"),
        Column("found", "Found at", hint="Paths, registry keys or packages of the last report"),
        Column("level", "Exposure"),
        Column("score", "Score", numeric=True),
        Column("last_seen", "Last seen"),
    ),
    sort="",
    facets=(Facet("show", "Machines", (("exposed", "Exposed"),)),),
    per_page=PER_PAGE,
    keeps=KEEPS,
    keyset=True,
)
VERSIONS = ListSpec(
    columns=(
        Column("version", "Version", sort="-", fixed=True),
        Column("platform", "Platform"),
        Column("installed", "Installed on", sort="-", numeric=True),
        Column("share", "Share"),
        Column("weaknesses", "Weaknesses", numeric=True),
        Column("first_seen", "First seen", sort="-"),
        Column("support", "Support ends", sort="+"),
        Column("tags", "Tags"),
    ),
    sort="-installed",
    per_page=PER_PAGE,
    keeps=(*KEEPS, "support"),
)
SUPPORT = (("", "Any"), ("untagged", "Untagged"), ("ended", "EOS versions"), ("upcoming", "Upcoming"))
UPDATES = ListSpec(columns=(), sort="", per_page=PER_PAGE, keeps=KEEPS)
EVENTS = ListSpec(columns=(), sort="", facets=(Facet("type", "Type", tuple(Event.Kind.choices)),), per_page=PER_PAGE, keeps=KEEPS)


@dataclass(frozen=True, slots=True)
class Subject:
    """What a tab is about: a software in some groups, or one version of it."""

    page: SoftwarePage
    groups: Sequence[int]
    today: dt.date
    version: VersionRow | None = None

    @property
    def version_ids(self) -> list[int]:
        return [self.version.id] if self.version else list(self.page.software.versions.values_list("id", flat=True))

    @property
    def installed(self) -> int:
        return self.version.installed if self.version else self.page.installed


def weaknesses(subject: Subject, query: QueryDict) -> dict[str, Any]:
    """Weaknesses of the installed versions."""
    state = WEAKNESSES.read(query)
    total, rows = software_tab_queries.weakness_rows(_weakness_filter(subject, state), offset=state.offset, limit=state.per_page)
    counts = {"severity": {count.label.lower(): count.weaknesses for count in subject.page.severities}} if not subject.version else {}
    return _list(state, total, rows) | {"facets": state.facets(counts)}


def machines(subject: Subject, query: QueryDict) -> dict[str, Any]:
    """Machines that carry it."""
    state = MACHINES.read(query)
    chosen = _machine_filter(subject, state)
    total, exact = software_tab_queries.count_machines(chosen) if chosen.text or chosen.exposed_by else (subject.installed, True)
    part, rows = software_tab_queries.machine_page(chosen, state, expected=subject.installed)
    return _list(state, total, rows) | {"pager": keyset.pages(state, part, total, exact=exact), "facets": state.facets({})}


def versions(subject: Subject, query: QueryDict) -> dict[str, Any]:
    """Installed versions, narrowed by the end of their support."""
    state, support = VERSIONS.read(query), _support(query)
    total, rows = _versions(subject, state, support, offset=state.offset, limit=state.per_page)
    choices = [(label, f"?tab=versions{'&support=' + value if value else ''}#tabs", value == support) for value, label in SUPPORT]
    return _list(state, total, rows) | {"support": support, "choices": choices, "parts": _parts(rows, subject.installed)}


def updates(subject: Subject, query: QueryDict) -> dict[str, Any]:
    """Security updates that machines lack."""
    state = UPDATES.read(query)
    total, rows = update_queries.missing_in_software(
        software_id=subject.page.software.pk, groups=subject.groups, offset=state.offset, limit=state.per_page
    )
    return _list(state, total, rows) | {"updates_known": bool(rows) or update_queries.are_known()}


def events(subject: Subject, query: QueryDict) -> dict[str, Any]:
    """What happened to it."""
    state = EVENTS.read(query)
    chosen = _event_filter(subject, state)
    rows = timeline_queries.newest(chosen, offset=state.offset, limit=state.per_page)
    return _list(state, timeline_queries.matching(chosen).count(), rows) | {"facets": state.facets({})}


def export_recommendations(subject: Subject, query: QueryDict) -> Export:
    header = ("Id", "Recommendation", "Kind", "Status", "Weaknesses", "Exposed machines", "Installed machines", "Impact")
    fixes = subject.page.fixes
    return header, ((f.key, f.title, f.kind_label, f.status_label, f.weaknesses, f.exposed, f.installed, f.impact) for f in fixes)


def export_weaknesses(subject: Subject, query: QueryDict) -> Export:
    _, rows = software_tab_queries.weakness_rows(_weakness_filter(subject, WEAKNESSES.read(query)), limit=None)
    header = ("CVE", "Severity", "CVSS", "EPSS", "Exploited in the wild", "Published", "Installed machines")
    return header, ((r.cve, r.severity, r.cvss, r.epss, r.exploited, r.published_at, r.installed) for r in rows)


def export_machines(subject: Subject, query: QueryDict) -> Export:
    header = ("Machine", "Domain", "Group", "System", "Versions", "Found at", "Score", "Last seen")
    found = software_tab_queries.every_machine(_machine_filter(subject, MACHINES.read(query)))
    places = ((place.machine, place.found_at) for place in found)
    return header, ((m.name, m.domain, m.group, m.system, m.versions, found_at, m.score, m.last_seen) for m, found_at in places)


def export_versions(subject: Subject, query: QueryDict) -> Export:
    _, rows = _versions(subject, VERSIONS.read(query), _support(query), offset=0, limit=None)
    header = ("Version", "Platform", "Installed machines", "Weaknesses", "First seen", "Support ends on", "Tag")
    return header, ((r.version, r.platform, r.installed, r.weaknesses, r.first_seen, r.support_ends_on, r.tag) for r in rows)


def export_updates(subject: Subject, query: QueryDict) -> Export:
    _, rows = update_queries.missing_in_software(software_id=subject.page.software.pk, groups=subject.groups, limit=None)
    header = (
        *("KB", "Release", "Title", "Build", "Released on", "Latest", "Vulnerabilities fixed"),
        *("Machines that lack it", "Replaces", "Address"),
    )
    return header, (
        (f"KB{r.kb}", r.release, r.title, r.fixed, r.released_on, r.is_latest, r.weaknesses, r.machines, r.supersedes, r.url) for r in rows
    )


def export_events(subject: Subject, query: QueryDict) -> Export:
    rows = timeline_queries.every(_event_filter(subject, EVENTS.read(query)))
    return timeline_queries.EXPORT_HEADER, (timeline_queries.export_row(row) for row in rows)


def _list(state: ListState, total: int, rows: Sequence[Any]) -> dict[str, Any]:
    return {"state": state, "rows": rows, "pager": pager(state, total), "columns": dict.fromkeys(state.columns, True)}


def _weakness_filter(subject: Subject, state: ListState) -> WeaknessFilter:
    return WeaknessFilter(
        software_id=subject.page.software.pk,
        groups=subject.groups,
        version=subject.version.id if subject.version else None,
        text=state.q,
        severities=tuple(NUMBERS[name] for name in state.chosen["severity"]),
        threats=state.chosen["threat"],
        remedies=state.chosen["remedy"],
        sort=state.sort,
    )


def _machine_filter(subject: Subject, state: ListState) -> MachineFilter:
    exposed = subject.page.software.pk if state.chosen["show"] else None
    return MachineFilter(
        version_ids=subject.version_ids, groups=subject.groups, text=state.q, exposed_by=exposed, whole=not subject.version
    )


def _event_filter(subject: Subject, state: ListState) -> EventFilter:
    return EventFilter(groups=subject.groups, software=subject.page.software.key, kinds=state.chosen["type"])


def _versions(subject: Subject, state: ListState, support: str, *, offset: int, limit: int | None) -> tuple[int, tuple[VersionRow, ...]]:
    return software_tab_queries.version_rows(
        software_id=subject.page.software.pk,
        groups=subject.groups,
        today=subject.today,
        support=support,
        sort=state.sort,
        offset=offset,
        limit=limit,
    )


def _support(query: QueryDict) -> str:
    support = query.get("support", "")
    return support if support in dict(SUPPORT) else ""


def _parts(rows: Sequence[VersionRow], installed: int, *, most: int = 4) -> list[tuple[str, str, int]]:
    """The most common versions of the page as parts of all installations, whatever the platform, and the rest."""
    sums: dict[str, int] = {}
    for row in rows:
        sums[row.version or "not reported"] = sums.get(row.version or "not reported", 0) + row.installed
    largest = sorted(sums.items(), key=lambda pair: -pair[1])[:most]
    parts = [(str(number), version, machines) for number, (version, machines) in enumerate(largest, 1)]
    rest = max(installed - sum(machines for _, _, machines in parts), 0)
    return [*parts, *([("none", "other versions", rest)] if rest else [])]
