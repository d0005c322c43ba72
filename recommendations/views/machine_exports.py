"""Every tab of the page of a machine as a CSV file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from recommendations import machine_page_queries, update_queries
from recommendations.machine_page_queries import MachinePage

Export = tuple[Sequence[str], Iterable[Sequence[object]]]


def _export_recommendations(page: MachinePage) -> Export:
    header = ("Id", "Recommendation", "Kind", "Status", "Component", "Weaknesses", "Hazard", "Share of hazard", "Score drop here")
    return header, (
        (f.key, f.title, f.kind_label, f.status_label, f.component, f.weaknesses, f.hazard, f.share, f.drop) for f in page.fixes
    )


def _export_software(page: MachinePage) -> Export:
    _, rows = machine_page_queries.software_rows(machine_id=page.machine.pk, limit=None)
    header = ("Software", "Vendor", "Version", "Weaknesses", "Exploited in the wild", "First seen", "Evidence")
    return header, ((r.name, r.vendor, r.version, r.weaknesses, r.exploited, r.first_seen, r.evidence) for r in rows)


def _export_weaknesses(page: MachinePage) -> Export:
    _, rows = machine_page_queries.weakness_rows(machine_id=page.machine.pk, limit=None)
    header = ("CVE", "Severity", "CVSS", "EPSS", "Exploited in the wild", "Software", "Published")
    return header, ((r.cve, r.severity, r.cvss, r.epss, r.exploited, r.software, r.published_at) for r in rows)


def _export_updates(page: MachinePage) -> Export:
    rows = update_queries.missing_on_machine(machine=page.machine)
    header = ("KB", "Title", "Build", "Released on", "Latest", "Vulnerabilities fixed", "Replaces", "Address")
    return header, ((f"KB{r.kb}", r.title, r.fixed, r.released_on, r.is_latest, r.weaknesses, r.supersedes, r.url) for r in rows)


def _export_configuration(page: MachinePage) -> Export:
    rows = machine_page_queries.check_results(machine_id=page.machine.pk)
    header = ("Check", "Name", "Category", "Impact", "Passed", "Since")
    return header, (
        (r.configuration.key, r.configuration.name, r.configuration.get_category_display(), r.configuration.impact, r.passed, r.changed_at)
        for r in rows
    )


def _export_alerts(page: MachinePage) -> Export:
    rows = machine_page_queries.alerts_of(machine_id=page.machine.pk)
    return ("Title", "Severity", "CVE", "Source", "Opened", "Closed"), (
        (r.title, r.severity, r.cve, r.source, r.opened_at, r.closed_at) for r in rows
    )


EXPORTS: dict[str, Callable[[MachinePage], Export]] = {
    "recommendations": _export_recommendations,
    "software": _export_software,
    "vulnerabilities": _export_weaknesses,
    "updates": _export_updates,
    "configuration": _export_configuration,
    "alerts": _export_alerts,
}
