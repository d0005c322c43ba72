"""What is done with the tickets of an activity, on its page."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from core.access import Permission, require
from remediation import permitted, queue_queries, ticket_actions
from remediation.errors import NotConnected, NothingToSend
from remediation.models import Activity, Delivery, Ticket

LONGEST = 4_000


@require_POST
def open_ticket(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Open one in a system (`system`) that was not asked with the request."""
    by = require(request, Permission.REMEDIATION)
    activity = _activity(request, pk)
    try:
        opened = ticket_actions.open_tickets(activity=activity, systems=request.POST.getlist("system")[:5], by=by, now=timezone.now())
        queue_queries.forget_waiting()
        messages.success(request, "The ticket is being opened." if opened else "There is a ticket in this system already.")
    except NotConnected as error:
        messages.error(request, str(error))
    return _back(pk)


@require_POST
def note(request: HttpRequest, pk: UUID, ticket: int) -> HttpResponse:
    """Say something (`note`) to the other side."""
    by = require(request, Permission.REMEDIATION)
    found = _ticket(request, pk, ticket)
    text = request.POST.get("note", "").strip()
    if not text or len(text) > LONGEST:
        messages.error(request, f"Write a note of at most {LONGEST:,} characters.")
    else:
        ticket_actions.say(ticket=found, text=text, by=by, now=timezone.now())
        messages.success(request, "Noted.")
    return _back(pk)


@require_POST
def ask(request: HttpRequest, pk: UUID, ticket: int) -> HttpResponse:
    """Ask its system now how it stands."""
    require(request, Permission.REMEDIATION)
    if ticket_actions.ask_again(ticket=_ticket(request, pk, ticket), now=timezone.now()):
        messages.success(request, "Its state is being asked for.")
    else:
        messages.error(request, "This system cannot be asked.")
    return _back(pk)


@require_POST
def again(request: HttpRequest, pk: UUID, delivery: int) -> HttpResponse:
    """Send a delivery of the activity now, a failed one from the start."""
    by = require(request, Permission.REMEDIATION)
    found = get_object_or_404(Delivery, pk=delivery, ticket__activity=_activity(request, pk))
    try:
        ticket_actions.send_again(delivery=found, by=by, now=timezone.now())
        messages.success(request, "It is being sent.")
    except NothingToSend:
        messages.error(request, "It has arrived, or is on its way this moment.")
    except NotConnected as error:
        messages.error(request, str(error))
    return _back(pk)


def _activity(request: HttpRequest, pk: UUID) -> Activity:
    found = permitted.activity_or_404(request, pk)
    permitted.check_may_end(request, found)
    return found


def _ticket(request: HttpRequest, pk: UUID, ticket: int) -> Ticket:
    found = Ticket.objects.filter(pk=ticket, activity=_activity(request, pk)).first()
    if found is None:
        raise Http404("There is no such ticket.")
    return found


def _back(pk: UUID) -> HttpResponse:
    return redirect(reverse("remediation:activity", args=[pk]) + "#tickets")
