"""Every tab of the page of a software, and of one version of it, as a CSV file: what the screen lists, without pages."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, QueryDict, StreamingHttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from core.exports import stream
from recommendations.views import software_tabs
from recommendations.views.software_page import subject_of
from recommendations.views.software_tabs import Export, Subject
from recommendations.views.software_version import version_of

EXPORTS: dict[str, Callable[[Subject, QueryDict], Export]] = {
    "recommendations": software_tabs.export_recommendations,
    "vulnerabilities": software_tabs.export_weaknesses,
    "machines": software_tabs.export_machines,
    "versions": software_tabs.export_versions,
    "updates": software_tabs.export_updates,
    "timeline": software_tabs.export_events,
}
OF_A_VERSION = ("machines", "vulnerabilities")


@require_safe
def software(request: HttpRequest, key: str) -> StreamingHttpResponse:
    """All rows of the shown tab."""
    subject = subject_of(request, key, today=timezone.now().date())
    tab = request.GET.get("tab", "")
    tab = tab if tab in EXPORTS else "recommendations"
    header, rows = EXPORTS[tab](subject, request.GET)
    return stream(filename=f"{key}-{tab}.csv", header=header, rows=rows)


@require_safe
def version(request: HttpRequest, key: str, version_id: int) -> StreamingHttpResponse:
    """All rows of the shown tab of one version."""
    subject = version_of(request, key, version_id, today=timezone.now().date())
    tab = request.GET.get("tab", "")
    tab = tab if tab in OF_A_VERSION else OF_A_VERSION[0]
    header, rows = EXPORTS[tab](subject, request.GET)
    return stream(filename=f"{key}-{version_id}-{tab}.csv", header=header, rows=rows)
