"""Help: shortcuts, how data gets in, how scores come about, what the icons mean."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import Resolver404, resolve, reverse
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from core.htmx import wants
from core.models import ApiToken
from inventory.sources.registry import SOURCES
from recommendations import event_words
from weaknesses.models import Event

API_DOCS = "/api/docs/"
# The letter that leads to a page after "g": on data-go of its entry in the rail, where the script finds it.
GO = {
    "dashboard": "d",
    "recommendations:list": "r",
    "remediation:list": "a",
    "recommendations:software_list": "s",
    "recommendations:weakness_list": "w",
    "recommendations:timeline": "t",
    "recommendations:machine_list": "m",
}


@require_safe
@vary_on_headers("HX-Request", "HX-Target")
def index(request: HttpRequest) -> HttpResponse:
    """One page; for HTMX its short form, in a panel."""
    if wants(request, "panel"):
        return render(request, "help/index.html#panel")
    context = {
        "api_docs": API_DOCS if _exists(API_DOCS) else "",
        "event_icons": [(event_words.ICONS[kind], event_words.tone(kind), kind.label) for kind in Event.Kind],
        "sources": sorted(SOURCES),
        "ingest": ApiToken.Scope.INGEST.label,
        "ingest_address": request.build_absolute_uri(reverse("ingest_report", args=["FORMAT"])),
    }
    return render(request, "help/index.html", context)


def _exists(address: str) -> bool:
    try:
        resolve(address)
    except Resolver404:
        return False
    return True
