"""The zone that times are shown in: the user's own choice, else the browser's, else UTC.

`static/js/app.js` tells the browser's zone in the cookie ZONE_COOKIE. Only what pages print follows it: exports, addresses and
stored times are UTC.
"""

from __future__ import annotations

import zoneinfo
from collections.abc import Callable
from functools import cache

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from core.models import User

ZONE_COOKIE = "zone"
LONGEST = 64
AREAS = ("Africa", "America", "Antarctica", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific")


def viewer_zone(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: everything inside a request is printed in the viewer's zone."""

    def in_zone(request: HttpRequest) -> HttpResponse:
        with timezone.override(zone_of(request)):
            return get_response(request)

    return in_zone


def zone_of(request: HttpRequest) -> zoneinfo.ZoneInfo | None:
    """None: the default, UTC. Names that no zone has are passed over."""
    user = getattr(request, "user", None)
    own = user.time_zone if isinstance(user, User) else ""
    return zone_named(own) or zone_named(request.COOKIES.get(ZONE_COOKIE, ""))


def zone_named(name: str) -> zoneinfo.ZoneInfo | None:
    """The zone of this name. Names are compared with those that are known before any file is looked for."""
    return zoneinfo.ZoneInfo(name) if name and len(name) <= LONGEST and name in known_zones() else None


@cache
def known_zones() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())


@cache
def offered_zones() -> tuple[str, ...]:
    """UTC, and the zones that are named by a place, for a person to choose from."""
    return ("UTC", *sorted(name for name in known_zones() if name.split("/")[0] in AREAS and "/" in name))
