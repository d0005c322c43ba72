"""Partial answers: a partial's name is its DOM id and its HX-Target."""

from __future__ import annotations

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails


def details(request: HttpRequest) -> HtmxDetails:
    """What HtmxMiddleware knows of a request."""
    found: HtmxDetails = request.htmx  # type: ignore[attr-defined]
    return found


def wants(request: HttpRequest, partial: str) -> bool:
    """Whether the answer is the named partial alone. Going back in history always wants the page."""
    htmx = details(request)
    return bool(htmx) and htmx.target == partial and not htmx.history_restore_request
