"""The list of recommendations, and one of them as a flyout or a page."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def index(request: HttpRequest) -> HttpResponse:
    return render(request, "recommendations/index.html")
