"""From where a request comes. Known to everything that happens inside it, so that the audit trail need not be told.

Behind a proxy every request comes from the proxy. Each proxy adds the address it was asked from to the end of X-Forwarded-For, so
with PROXIES of our own in front the caller is that many from the end; what stands before was written by the caller and is not believed.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from contextvars import ContextVar

from django.conf import settings
from django.http import HttpRequest, HttpResponse

_address: ContextVar[str] = ContextVar("address", default="")


def current() -> str:
    """The address of the caller; empty outside of requests."""
    return _address.get()


def remember_caller(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: the address of the caller, in `current` and in REMOTE_ADDR."""

    def inside(request: HttpRequest) -> HttpResponse:
        address = address_of(request.META.get("REMOTE_ADDR", ""), request.headers.get("X-Forwarded-For", ""), proxies=settings.PROXIES)
        request.META["REMOTE_ADDR"] = address
        token = _address.set(address)
        try:
            return get_response(request)
        finally:
            _address.reset(token)

    return inside


def address_of(peer: str, forwarded: str, *, proxies: int) -> str:
    """The caller behind so many proxies; the peer where there are none, or where they did not say it."""
    if not proxies:
        return peer
    parts = [part.strip() for part in forwarded.split(",") if part.strip()]
    if len(parts) < proxies:
        return peer
    try:
        return str(ipaddress.ip_address(parts[-proxies]))
    except ValueError:
        return peer
