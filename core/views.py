"""A user's own choices: colour theme, row density, rail, and the page of all of them."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from core import role_queries, zones
from core.forms import PreferencesForm
from core.htmx import details
from core.models import User
from core.navigation import back_to

THEME_COOKIE = "theme"
YEAR = 365 * 24 * 3600


@login_not_required
@require_POST
def choose_theme(request: HttpRequest) -> HttpResponse:
    """Light, dark, or like the system: kept with the user, and in a cookie for the sign-in page."""
    theme = request.POST.get("theme", "")
    if theme not in User.Theme.values:
        return HttpResponseBadRequest("Unknown theme.")
    if isinstance(request.user, User):
        User.objects.filter(pk=request.user.pk).update(theme=theme)
    response = HttpResponseRedirect(back_to(request))
    set_theme_cookie(request, response, theme)
    return response


@require_POST
def choose_density(request: HttpRequest) -> HttpResponse:
    """Comfortable or compact rows."""
    density = request.POST.get("density", "")
    if density not in User.Density.values:
        return HttpResponseBadRequest("Unknown density.")
    if isinstance(request.user, User):
        User.objects.filter(pk=request.user.pk).update(density=density)
    return HttpResponseRedirect(back_to(request))


@require_POST
def choose_rail(request: HttpRequest) -> HttpResponse:
    """Icons alone, or icons with labels. A script that has redrawn the rail by itself gets no page."""
    wanted = request.POST.get("rail", "")
    if wanted not in ("icons", "labels"):
        return HttpResponseBadRequest("Unknown width.")
    if isinstance(request.user, User):
        User.objects.filter(pk=request.user.pk).update(rail_collapsed=wanted == "icons")
    return HttpResponse(status=204) if details(request) else HttpResponseRedirect(back_to(request))


@require_http_methods(["GET", "HEAD", "POST"])
def preferences(request: HttpRequest) -> HttpResponse:
    """Time zone, colours, rows and shortcuts of the user."""
    found = zones.zone_named(request.COOKIES.get(zones.ZONE_COOKIE, ""))
    form = PreferencesForm(request.POST or None, instance=request.user, browser_zone=found.key if found else "")
    if request.method != "POST" or not form.is_valid():
        context = {"form": form, "roles": role_queries.own_roles(request.user)}
        return render(request, "account/preferences.html", context, status=422 if form.is_bound else 200)
    form.save()
    messages.success(request, "Your settings are saved.")
    response = HttpResponseRedirect(reverse("preferences"))
    set_theme_cookie(request, response, form.cleaned_data["theme"])
    return response


def set_theme_cookie(request: HttpRequest, response: HttpResponse, theme: str) -> None:
    """What the sign-in page knows of the colours."""
    response.set_cookie(THEME_COOKIE, theme, max_age=YEAR, samesite="Lax", httponly=True, secure=request.is_secure())
