"""Where a form sends its user back to."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import parse_qsl, urlencode, urlsplit

from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme


def back_to(request: HttpRequest, *, drop: Iterable[str] = ()) -> str:
    """The page named by the form's `next`, if it is ours, without the query parameters in `drop`; else the start page."""
    address = request.POST.get("next", "")
    if not address or not url_has_allowed_host_and_scheme(address, allowed_hosts={request.get_host()}, require_https=request.is_secure()):
        return "/"
    parts = urlsplit(address)
    dropped = set(drop)
    query = urlencode([(name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if name not in dropped])
    path = "/" + parts.path.lstrip("/")
    return f"{path}?{query}" if query else path
