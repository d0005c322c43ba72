"""The page that leads to everything that is set in the portal."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from core.access import Permission, may, may_everywhere

# Address name, label, icon, what is set there.
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
# Who finds a page here: those with the permission, for all machine groups where it is WHOLE. All other pages are everybody's.
GUARDED = {
    "notifications:rules": Permission.SETTINGS,
    "remediation:connections": Permission.SETTINGS,
    "remediation:deliveries": Permission.SETTINGS,
    "exceptions:settings": Permission.SETTINGS,
    "status": Permission.SETTINGS,
    "roles": Permission.ADMINISTER,
    "audit_log": Permission.AUDIT,
    "admin:index": Permission.CURATE,
}
WHOLE = {"remediation:connections", "remediation:deliveries", "exceptions:settings", "status"}


@dataclass(frozen=True, slots=True)
class Entry:
    address: str
    label: str
    icon: str
    about: str


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """The pages that would not refuse who asks."""
    entries = [Entry(reverse(name), *words) for name, *words in PAGES if _leads(request, name)]
    return render(request, "groups/settings.html", {"entries": entries})


def _leads(request: HttpRequest, name: str) -> bool:
    if name not in GUARDED:
        return True
    return (may_everywhere if name in WHOLE else may)(request.user, GUARDED[name])
