"""The page that leads to everything that is set in the portal."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.views.decorators.http import require_safe

# Address name, label, icon, what is set there. Those that this installation does not have are left out.
PAGES = (
    ("recommendations:groups", "Machine groups", "group", "Rules that put machines into groups, and their rank."),
    ("weaknesses:feeds", "Feeds", "feed", "Where vulnerability data comes from, and how the last runs ended."),
    ("remediation:connections", "Advanced features", "ticket", "The ticket systems that requests are handed to."),
    ("remediation:deliveries", "Deliveries", "open", "Every message to a ticket system, its attempts, and sending it again."),
    ("weaknesses:overrides", "Corrected matches", "check", "What curators said about matches, and taking it back."),
    ("notifications:rules", "Notifications", "bell", "Who is told by mail of what happens, and what was sent."),
    ("exceptions:settings", "Exceptions", "pause", "Approval, the longest duration, and when an exception resurfaces."),
    ("recommendations:inaccuracies", "Reported inaccuracies", "flag", "What somebody found not right, and what came of it."),
    ("recommendations:inaccuracy_log", "Log of corrections", "docwarn", "What was reported and corrected, for everybody."),
)
CURATION = ("admin:index", "Curation", "gear", "Scoring weights, software names, the catalogue of checks, agents, users and rights.")


@dataclass(frozen=True, slots=True)
class Entry:
    address: str
    label: str
    icon: str
    about: str


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    pages = (*PAGES, CURATION) if request.user.is_staff else PAGES
    return render(request, "groups/settings.html", {"entries": [entry for page in pages if (entry := _entry(*page))]})


def _entry(name: str, label: str, icon: str, about: str) -> Entry | None:
    try:
        return Entry(reverse(name), label, icon, about)
    except NoReverseMatch:
        return None
