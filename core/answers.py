"""Answering with a list: the whole page, or for HTMX its partial `results` alone."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django_htmx.http import push_url

from core.htmx import wants
from core.lists import ListState


def list_answer(request: HttpRequest, template: str, context: dict[str, Any], *, state: ListState) -> HttpResponse:
    """The page, or its partial with the shortest address of the state pushed to the browser."""
    if wants(request, "results"):
        return push_url(render(request, f"{template}#results", context), f"{request.path}{state.address(open='')}")
    return render(request, template, context)
