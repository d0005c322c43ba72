"""Every tab of the page of a software as a CSV file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from django.utils import timezone

from recommendations import software_queries, timeline_queries, update_queries
from recommendations.software_queries import SoftwarePage
from recommendations.timeline_queries import EventFilter

Export = tuple[Sequence[str], Iterable[Sequence[object]]]


def _export_recommendations(page: SoftwarePage, groups: Sequence[int]) -> Export:
    header = ("Id", "Recommendation", "Kind", "Status", "Weaknesses", "Exposed machines", "Installed machines", "Impact")
    return header, ((f.key, f.title, f.kind_label, f.status_label, f.weaknesses, f.exposed, f.installed, f.impact) for f in page.fixes)


def _export_weaknesses(page: SoftwarePage, groups: Sequence[int]) -> Export:
    _, rows = software_queries.weakness_rows(software_id=page.software.pk, groups=groups, limit=None)
    header = ("CVE", "Severity", "CVSS", "EPSS", "Exploited in the wild", "Published", "Installed machines")
    return header, ((r.cve, r.severity, r.cvss, r.epss, r.exploited, r.published_at, r.installed) for r in rows)


def _export_machines(page: SoftwarePage, groups: Sequence[int]) -> Export:
    header = ("Machine", "Domain", "Group", "System", "Versions", "Score", "Last seen")
    rows = software_queries.every_carrier(page=page, groups=groups)
    return header, ((r.name, r.domain, r.group, r.system, r.versions, r.score, r.last_seen) for r in rows)


def _export_versions(page: SoftwarePage, groups: Sequence[int]) -> Export:
    _, rows = software_queries.version_rows(software_id=page.software.pk, groups=groups, today=timezone.now().date(), limit=None)
    header = ("Version", "Platform", "Installed machines", "Weaknesses", "First seen", "Support ends on")
    return header, ((r.version, r.platform, r.installed, r.weaknesses, r.first_seen, r.support_ends_on) for r in rows)


def _export_updates(page: SoftwarePage, groups: Sequence[int]) -> Export:
    _, rows = update_queries.missing_in_software(software_id=page.software.pk, groups=groups, limit=None)
    header = (
        "KB",
        "Release",
        "Title",
        "Build",
        "Released on",
        "Latest",
        "Vulnerabilities fixed",
        "Machines that lack it",
        "Replaces",
        "Address",
    )
    return header, (
        (f"KB{r.kb}", r.release, r.title, r.fixed, r.released_on, r.is_latest, r.weaknesses, r.machines, r.supersedes, r.url) for r in rows
    )


def _export_timeline(page: SoftwarePage, groups: Sequence[int]) -> Export:
    rows = timeline_queries.every(EventFilter(groups=groups, software=page.software.key))
    return timeline_queries.EXPORT_HEADER, (timeline_queries.export_row(row) for row in rows)


EXPORTS: dict[str, Callable[[SoftwarePage, Sequence[int]], Export]] = {
    "recommendations": _export_recommendations,
    "vulnerabilities": _export_weaknesses,
    "machines": _export_machines,
    "versions": _export_versions,
    "updates": _export_updates,
    "timeline": _export_timeline,
}
