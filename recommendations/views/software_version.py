"""The page of one version of a software: the machines with it, and its weaknesses."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from core import tabs
from core.origin import Crumb
from recommendations import origins, software_tab_queries
from recommendations.views import software_tabs
from recommendations.views.software_page import subject_of
from recommendations.views.software_tabs import Subject


@require_safe
def detail(request: HttpRequest, key: str, version_id: int) -> HttpResponse:
    """One version, a tab at a time."""
    subject = version_of(request, key, version_id, today=timezone.now().date())
    version, page = subject.version, reverse("recommendations:software", args=[key])
    above = (Crumb(subject.page.software.name, page), Crumb("Versions", f"{page}?tab=versions"))
    reached = origins.trail(request, home=origins.SOFTWARE, page=page, then=above)
    shown = tabs.tabs(
        request.GET,
        (
            ("machines", "Installed machines", subject.installed),
            ("vulnerabilities", "Discovered vulnerabilities", version.weaknesses if version else 0),
        ),
    )
    show = software_tabs.machines if tabs.current(shown) == "machines" else software_tabs.weaknesses
    context = {"page": subject.page, "trail": reached, "version": version, "tabs": shown, "tab": tabs.current(shown)}
    context |= show(subject, request.GET)
    return render(request, "software/version.html", context)


def version_of(request: HttpRequest, key: str, version_id: int, *, today: dt.date) -> Subject:
    """The installed version of this software in the chosen groups; Http404 where no machine has it."""
    subject = subject_of(request, key, today=today)
    _, rows = software_tab_queries.version_rows(
        software_id=subject.page.software.pk, groups=subject.groups, today=today, version=version_id, limit=1
    )
    if not rows:
        raise Http404("No active machine of the chosen groups has this version.")
    row = rows[0]
    return replace(subject, version=replace(row, share=row.installed / subject.page.installed if subject.page.installed else 0.0))
