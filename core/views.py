"""A user's own choices: colour theme and row density."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponseRedirect
from django.views.decorators.http import require_POST

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
    response.set_cookie(THEME_COOKIE, theme, max_age=YEAR, samesite="Lax", httponly=True, secure=request.is_secure())
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
