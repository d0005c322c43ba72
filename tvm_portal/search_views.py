"""The global search: suggestions while typing, and a page of what was found."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from core.htmx import wants
from inventory import scope
from tvm_portal import search_words
from tvm_portal.search import KINDS, best, search

SUGGESTED, SUGGESTED_OF_ONE = 4, 8
LISTED, LISTED_OF_ONE = 10, 50
SUGGESTIONS_LOOK_AT = 50


@require_safe
@vary_on_headers("HX-Request", "HX-Target")
def index(request: HttpRequest) -> HttpResponse:
    """What `q` finds, of the kind `type` or of every kind; for HTMX the list of suggestions alone."""
    words = search_words.read(request.GET.get("q", ""))
    kind = request.GET.get("type", "")
    kind = kind if kind in KINDS else ""
    suggesting = wants(request, "suggestions")
    limits = (SUGGESTED, SUGGESTED_OF_ONE) if suggesting else (LISTED, LISTED_OF_ONE)
    seen = {"most": SUGGESTIONS_LOOK_AT} if suggesting else {}
    chosen = scope.of(request)
    found = search(words, kind=kind, groups=chosen.group_ids, everything=chosen.is_all, limit=limits[bool(kind)], **seen)
    context: dict[str, Any] = {
        "words": words,
        "kind": kind,
        "found": found,
        "best": best(found),
        "hits": sum(len(one.hits) for one in found),
        "address": _address(words.text, kind),
    }
    if suggesting:
        return render(request, "search/index.html#suggestions", context)
    context["types"] = [("Everything", _address(words.text, ""), not kind)]
    context["types"] += [(each.many, _address(words.text, each.key), each.key == kind) for each in KINDS.values()]
    return render(request, "search/index.html", context)


def _address(text: str, kind: str) -> str:
    return f"{reverse('search')}?{urlencode({name: value for name, value in (('q', text), ('type', kind)) if value})}"
