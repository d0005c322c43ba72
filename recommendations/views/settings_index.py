"""The page that leads to everything that is set in the portal."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.views.decorators.http import require_safe

from core.access import Permission, may

# Address name, label, icon, what is set there. Those that this installation does not have are left out.
PAGES = (
    ("recommendations:groups", "Machine groups", "group", "Rules that put machines into groups, and their rank."),
    ("weaknesses:feeds", "Feeds", "feed", "Where vulnerability data comes from, and how the last runs ended."),
    ("remediation:connections", "Advanced features", "ticket", "The ticket systems that requests are handed to."),
    ("remediation:deliveries", "Deliveries", "open", "Every message to a ticket system, its attempts, and sending it again."),
    ("weaknesses:overrides", "Corrected matches", "check", "What curators said about matches, and taking it back."),
    ("notifications:rules", "Notifications", "bell", "Who is told by mail of what happens, and what was sent."),
    ("exceptions:settings", "Exceptions", "pause", "Approval, the longest duration, and when an exception resurfaces."),
    ("status", "Status", "calc", "What waits, how old the data is, how long runs, tasks and pages take."),
    ("recommendations:inaccuracies", "Reported inaccuracies", "flag", "What somebody found not right, and what came of it."),
    ("recommendations:inaccuracy_log", "Log of corrections", "docwarn", "What was reported and corrected, for everybody."),
    ("roles", "Roles and users", "user", "Who may see and do what, and for which machine groups."),
    ("audit_log", "Audit log", "time", "Who changed what, before and after, and from where."),
    ("admin:index", "Curation", "gear", "Software names, matches, the catalogue of checks; for administrators weights, tokens and agents."),
)
# Who finds a page here: those with one of these permissions. All other pages are everybody's.
GUARDED = {
    "roles": (Permission.ADMINISTER,),
    "audit_log": (Permission.AUDIT, Permission.ADMINISTER),
    "admin:index": (Permission.CURATE, Permission.ADMINISTER),
}


@dataclass(frozen=True, slots=True)
class Entry:
    address: str
    label: str
    icon: str
    about: str


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    pages = [page for page in PAGES if page[0] not in GUARDED or any(may(request.user, permission) for permission in GUARDED[page[0]])]
    return render(request, "groups/settings.html", {"entries": [entry for page in pages if (entry := _entry(*page))]})


def _entry(name: str, label: str, icon: str, about: str) -> Entry | None:
    try:
        return Entry(reverse(name), label, icon, about)
    except NoReverseMatch:
        return None
