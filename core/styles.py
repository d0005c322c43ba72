"""The style sheets of `static/css` as one file, whose address changes with its content so that browsers keep it for good."""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

FOLDER = Path(__file__).resolve().parent.parent / "static" / "css"
# In the order in which they override each other: narrow screens, then paper, come last.
SHEETS = (
    "tokens", "base", "frame", "controls", "layout", "cards", "marks", "bars", "facts", "messages", "charts", "rings", "lists",
    "overlays", "dashboard", "detail", "doc", "welcome", "gallery", "why", "remediation", "machines", "software", "reports",
    "timeline", "rail", "search", "panels", "help", "moved", "selection", "tickets", "notifications", "exceptions", "roles",
    "narrow", "print",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sheet:
    plain: bytes
    packed: bytes
    digest: str


@require_safe
@login_not_required
def sheet(request: HttpRequest, digest: str) -> HttpResponse:
    """The whole style sheet. Another version's address is gone: a page that asks for it is from before an upgrade."""
    found = joined()
    if digest != found.digest:
        raise Http404("This version of the style sheet is gone. Reload the page.")
    packed = "gzip" in request.headers.get("Accept-Encoding", "")
    answer = HttpResponse(found.packed if packed else found.plain, content_type="text/css; charset=utf-8")
    if packed:
        answer["Content-Encoding"] = "gzip"
    answer["Vary"] = "Accept-Encoding"
    answer["Cache-Control"] = "public, max-age=31536000, immutable"
    return answer


def address() -> str:
    return reverse("styles", args=[joined().digest])


def joined() -> Sheet:
    """As the process found the files; read again on every call while debugging."""
    return _read() if settings.DEBUG else _kept()


@cache
def _kept() -> Sheet:
    return _read()


def _read() -> Sheet:
    text = "\n".join((FOLDER / f"{name}.css").read_text() for name in SHEETS)
    plain = text.replace('url("../', f'url("{settings.STATIC_URL}').encode()
    return Sheet(plain, gzip.compress(plain, mtime=0), hashlib.sha256(plain).hexdigest()[:16])
