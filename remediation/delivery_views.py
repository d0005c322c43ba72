"""The deliveries of the settings: every message to a ticket system with its attempts, and sending again."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from core.access import Permission, require_everywhere
from core.answers import list_answer
from core.exports import stream
from core.navigation import back_to
from core.pager import pager
from remediation import delivery_queries, ticket_actions
from remediation.errors import NotConnected, NothingToSend
from remediation.models import Delivery

HEADER = (
    "Key", "System", "What", "Activity", "Ticket", "State", "Attempts", "Created", "Ended", "Next try", "Last outcome", "Last answer",
)  # fmt: skip
AT_ONCE = 500


@require_safe
@vary_on_headers("HX-Request", "HX-Target")
def index(request: HttpRequest) -> HttpResponse:
    """Every delivery, the newest first."""
    require_everywhere(request, Permission.SETTINGS)
    state = delivery_queries.spec().read(request.GET)
    total, rows = delivery_queries.page(state)
    counts = delivery_queries.counts()
    context = {
        "state": state,
        "rows": rows,
        "pager": pager(state, total),
        "facets": state.facets(counts),
        "counts": counts["state"],
        "failed": delivery_queries.failed(state).count(),
        "columns": dict.fromkeys(state.columns, True),
    }
    return list_answer(request, "deliveries/index.html", context, state=state)


@require_safe
def export(request: HttpRequest) -> StreamingHttpResponse:
    require_everywhere(request, Permission.SETTINGS)
    rows = delivery_queries.every(delivery_queries.spec().read(request.GET))
    return stream(filename="deliveries.csv", header=HEADER, rows=map(_line, rows))


@require_POST
def again(request: HttpRequest) -> HttpResponse:
    """Send one (`delivery`) again, or all that failed of the list in the address (`all`)."""
    by = require_everywhere(request, Permission.SETTINGS)
    if request.POST.get("all"):
        chosen = list(delivery_queries.failed(delivery_queries.spec().read(request.GET))[:AT_ONCE])
    else:
        named = request.POST.get("delivery", "")
        chosen = [get_object_or_404(Delivery, pk=int(named) if named.isdecimal() and len(named) < 18 else 0)]
    sent, sentence = 0, "Nothing to send: it has arrived, or is on its way this moment."
    for delivery in sorted(chosen, key=lambda delivery: delivery.pk):
        try:
            ticket_actions.send_again(delivery=delivery, by=by, now=timezone.now())
            sent += 1
        except NothingToSend:
            continue
        except NotConnected as error:
            sentence = str(error)
    if sent:
        messages.success(request, f"{sent:,} deliver{'y is' if sent == 1 else 'ies are'} being sent.")
    else:
        messages.error(request, sentence)
    return redirect(back_to(request) if request.POST.get("next") else reverse("remediation:deliveries"))


def _line(row: delivery_queries.DeliveryRow) -> tuple[Any, ...]:
    last = row.sent.attempts[0] if row.sent.attempts else None
    return (
        row.key,
        row.label,
        row.sent.what,
        row.title,
        row.external_id,
        row.sent.state_label,
        row.sent.tries,
        row.created_at,
        row.ended_at,
        row.sent.due_at if row.sent.state == Delivery.State.WAITING else None,
        last.words if last else "",
        row.last,
    )
