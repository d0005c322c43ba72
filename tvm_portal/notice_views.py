"""The bell: notices since the last look, and their history."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from core.htmx import wants
from core.models import User
from core.navigation import back_to
from inventory import scope
from recommendations import counters
from tvm_portal import notices

PANEL = 8


@require_safe
@vary_on_headers("HX-Request", "HX-Target")
def index(request: HttpRequest) -> HttpResponse:
    """Notices of the last ninety days, the newest first; for HTMX the first of them, in a panel."""
    in_panel = wants(request, "panel")
    chosen, run = scope.of(request), counters.last_run(request)
    seen = getattr(request.user, "notices_seen_at", None)
    found = notices.read(groups=chosen.group_ids, run=run, now=timezone.now(), seen=seen, restricted=chosen.restricted)
    context = {
        "notices": found[:PANEL] if in_panel else found,
        "total": len(found),
        "unread": sum(notice.unread for notice in found),
        "most": notices.MOST,
        "days": notices.HISTORY.days,
    }
    return render(request, "notices/index.html#panel" if in_panel else "notices/index.html", context)


@require_POST
def mark_seen(request: HttpRequest) -> HttpResponse:
    """Everything up to now is read."""
    if isinstance(request.user, User):
        User.objects.filter(pk=request.user.pk).update(notices_seen_at=timezone.now())
    messages.success(request, "All notices are marked as read.")
    return HttpResponseRedirect(back_to(request))
