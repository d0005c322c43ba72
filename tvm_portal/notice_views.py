"""The bell: notices since the last look, and their history."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from core.access import Permission, may
from core.htmx import wants
from core.models import User
from core.navigation import back_to
from inventory import scope
from recommendations import counters
from tvm_portal import notices
from tvm_portal.notifications import actions

PANEL = 8


@require_safe
@vary_on_headers("HX-Request", "HX-Target")
def index(request: HttpRequest) -> HttpResponse:
    """Notices of the last ninety days, the newest first; for HTMX the first of them, in a panel."""
    in_panel = wants(request, "panel")
    chosen, run = scope.of(request), counters.last_run(request)
    seen = getattr(request.user, "notices_seen_at", None)
    hidden = notices.hidden_of(request.user.pk)
    found = notices.read(
        groups=chosen.group_ids,
        run=run,
        now=timezone.now(),
        seen=seen,
        user=request.user.pk,
        hidden=hidden,
        restricted=chosen.restricted,
    )
    context = {
        "notices": found[:PANEL] if in_panel else found,
        "total": len(found),
        "unread": sum(notice.unread for notice in found),
        "most": notices.MOST,
        "days": notices.HISTORY.days,
        "kinds": () if in_panel else [(kind, label, kind not in hidden) for kind, label in notices.CHOICES],
        "hidden": len(hidden),
        "may_set": may(request.user, Permission.SETTINGS),
    }
    return render(request, "notices/index.html#panel" if in_panel else "notices/index.html", context)


@require_POST
def mark_seen(request: HttpRequest) -> HttpResponse:
    """Everything up to now is read."""
    if isinstance(request.user, User):
        User.objects.filter(pk=request.user.pk).update(notices_seen_at=timezone.now())
    messages.success(request, "All notices are marked as read.")
    return HttpResponseRedirect(back_to(request))


@require_POST
def choose(request: HttpRequest) -> HttpResponse:
    """The kinds that the user wants in the bell; those without a tick are left out."""
    known = [kind for kind, _ in notices.CHOICES]
    shown = request.POST.getlist("kinds")
    if isinstance(request.user, User):
        actions.choose_bell(user=request.user, hidden=[kind for kind in known if kind not in shown])
        notices.forget_count(
            groups=scope.of(request).group_ids,
            run=counters.last_run(request),
            seen=request.user.notices_seen_at,
            user=request.user.pk,
        )
    messages.success(request, "The bell tells you what you chose.")
    return redirect("notices")
