"""What every full page shows around its content: the rail, the machine groups, the theme, the age of the data."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from core.access import Permission, may
from core.models import User
from core.views import THEME_COOKIE
from inventory import scope
from recommendations import counters
from remediation import queue_queries
from tvm_portal import notices
from tvm_portal.help_views import GO
from tvm_portal.notices import STALE_AFTER
from tvm_portal.search import KINDS

# Address name, label, icon, counter shown beside it.
RAIL = (
    ("dashboard", "Dashboard", "dash", ""),
    ("recommendations:list", "Recommendations", "recs", "recommendations"),
    ("remediation:list", "Remediation", "fix", "activities"),
    ("remediation:queue", "IT queue", "ticket", "queue"),
    ("recommendations:software_list", "Software", "soft", "software"),
    ("recommendations:weakness_list", "Weaknesses", "weak", "weaknesses"),
    ("recommendations:timeline", "Timeline", "time", ""),
    ("recommendations:vulnerable_machines", "Reports", "report", ""),
    ("recommendations:machine_list", "Machines", "mach", "machines"),
)
RAIL_END = (
    ("recommendations:scoring", "Scoring", "calc", ""),
    ("recommendations:settings", "Settings", "gear", ""),
)


@dataclass(frozen=True, slots=True)
class Entry:
    address: str
    label: str
    icon: str
    count: int | None
    current: bool
    key: str  # its letter after "g", empty: none


@dataclass(frozen=True, slots=True)
class Frame:
    theme: str
    density: str
    groups: scope.Scope
    as_of: dt.datetime | None
    stale: bool
    demo: bool  # machines of the demo are among what is shown
    rail: tuple[Entry, ...]
    rail_end: tuple[Entry, ...]
    collapsed: bool  # the rail shows icons alone
    shortcuts: str  # User.Shortcuts
    unread: int  # notices; notices.COUNTED + 1 stands for more
    unread_words: str
    kinds: tuple[tuple[str, str], ...]  # (key, name) of what the search can be narrowed to


def frame(request: HttpRequest) -> dict[str, Any]:
    """`theme` and `may` for every page; `frame`, built only where a template uses it: partial answers do not pay for it."""
    return {"theme": theme_of(request), "frame": SimpleLazyObject(lambda: build_frame(request)), "may": _Allowed(request)}


class _Allowed:
    """`{% if may.remediation %}`: whether the viewer holds a permission for any machine group."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request

    def __getitem__(self, name: str) -> bool:
        user = getattr(self._request, "user", None)
        if name not in Permission.values:
            raise KeyError(name)
        return user is not None and may(user, Permission(name))


def theme_of(request: HttpRequest) -> str:
    """light or dark where the user chose one, else empty: like the system."""
    user = getattr(request, "user", None)
    theme = user.theme if isinstance(user, User) else request.COOKIES.get(THEME_COOKIE, "")
    return theme if theme in (User.Theme.LIGHT, User.Theme.DARK) else ""


def build_frame(request: HttpRequest) -> Frame:
    user = request.user
    groups = scope.of(request)
    as_of = counters.last_run(request).finished_at
    counts = counters.counts(request)
    handles = may(user, Permission.REMEDIATION)
    counts = counts | {"queue": queue_queries.waiting(groups.named)} if handles else counts
    seen = user.notices_seen_at if isinstance(user, User) else None
    unread = notices.unread_count(groups=groups.group_ids, run=counters.last_run(request), now=timezone.now(), seen=seen, user=user.pk)
    return Frame(
        theme=theme_of(request),
        density=user.density if isinstance(user, User) else User.Density.COMFORTABLE,
        groups=groups,
        as_of=as_of,
        stale=as_of is not None and timezone.now() - as_of > STALE_AFTER,
        demo=bool(counts.get("demo")),
        rail=_entries(RAIL if handles else [entry for entry in RAIL if entry[0] != "remediation:queue"], request.path, counts),
        rail_end=_entries(RAIL_END, request.path, counts),
        collapsed=isinstance(user, User) and user.rail_collapsed,
        shortcuts=user.shortcuts if isinstance(user, User) else User.Shortcuts.OFF,
        unread=unread,
        unread_words=str(unread) if unread <= notices.COUNTED else f"{notices.COUNTED}+",
        kinds=tuple((kind.key, kind.one) for kind in KINDS.values()),
    )


def _entries(rail: Sequence[tuple[str, str, str, str]], path: str, counts: dict[str, int]) -> tuple[Entry, ...]:
    entries = []
    in_queue = path.startswith("/remediation/queue/")
    for name, label, icon, counter in rail:
        address = reverse(name)
        current = path == address if address == "/" else path.startswith(address) and not (name == "remediation:list" and in_queue)
        entries.append(Entry(address, label, icon, counts.get(counter), current, GO.get(name, "")))
    return tuple(entries)
