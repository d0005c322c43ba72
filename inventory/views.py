"""Choosing machine groups."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_POST

from core.navigation import back_to
from inventory import scope


@require_POST
def choose_groups(request: HttpRequest) -> HttpResponse:
    """Keep the chosen machine groups in the session. All of them, or none, is kept as "every group"."""
    known = {choice.id for choice in scope.of(request).choices}
    chosen = {int(value) for value in request.POST.getlist("group") if value.isdecimal()} & known
    if chosen and chosen != known:
        request.session[scope.SESSION_KEY] = sorted(chosen)
    else:
        request.session.pop(scope.SESSION_KEY, None)
    return HttpResponseRedirect(back_to(request, drop=("groups", "page", "after")))
