"""POST /api/tickets/<system>/: a system tells how a ticket stands, signed by Standard Webhooks 1.0.0."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from standardwebhooks import Webhook, WebhookVerificationError

from remediation import connections, ticket_actions, ticketing
from remediation.connection_actions import BEFORE, INBOUND
from remediation.models import InboundMessage, Ticket, TicketConnection
from remediation.rules import VERB_TO
from remediation.ticketing.base import Reading, Refused

LARGEST = 20_000
LONGEST_NOTE = 4_000


@csrf_exempt  # signed; no cookie counts here
@login_not_required
@require_POST
def message(request: HttpRequest, system: str) -> JsonResponse:
    """{"type": "ticket.updated", "data": {"ticket": id or key, "state": ..., "note": ..., "by": ...}}.

    200 taken, or taken before (by `webhook-id`); 400 not understood; 401 not signed, or more than five minutes off; 404 no such ticket; 413
    more than 20 kB. A type that is not known is taken and does nothing, as the specification asks.
    """
    row = TicketConnection.objects.filter(system=system, enabled=True).first() if system in ticketing.SYSTEMS else None
    announced = request.headers.get("Content-Length") or "0"
    if announced.isdecimal() and int(announced) > LARGEST:
        return _refused(413, "TooLarge", f"A message has at most {LARGEST:,} bytes.")
    body = request.read(LARGEST + 1)
    if len(body) > LARGEST:
        return _refused(413, "TooLarge", f"A message has at most {LARGEST:,} bytes.")
    if row is None or not _signed(row, request, body):
        return _refused(401, "Unauthorized", "A valid signature by the secret of this connection, not older than five minutes, is needed.")
    try:
        said = json.loads(body)
        kind, data = said["type"], said["data"]
        reading = _reading(data) if kind == "ticket.updated" else None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        return _refused(400, "NotUnderstood", f"The message is not as documented: {error}")
    return _taken(row, request.headers["webhook-id"], data, reading)


def _taken(row: TicketConnection, message_id: str, data: dict[str, Any], reading: Reading | None) -> JsonResponse:
    now = timezone.now()
    with transaction.atomic():
        _, new = InboundMessage.objects.get_or_create(provider=row.system, message_id=message_id[:255], defaults={"received_at": now})
        if not new:
            return JsonResponse({"result": "known"})
        if reading is None:
            return JsonResponse({"result": "ignored"})
        ticket = _ticket(row.system, str(data["ticket"]))
        if ticket is None:
            transaction.set_rollback(True)
            return _refused(404, "NoSuchTicket", "No ticket of this system has this id.")
        by = str(data.get("by") or "")[:100]
        ticket = ticket_actions.receive(ticket=ticket, reading=reading, by=by, now=now, whole=False)
    return JsonResponse({"result": "taken", "state": ticket.state})


def _signed(row: TicketConnection, request: HttpRequest, body: bytes) -> bool:
    try:
        values = connections.opened(row).values
    except Refused:
        return False
    for name in (INBOUND, INBOUND + BEFORE):
        try:
            if secret := values.get(name):
                Webhook(secret).verify(body, dict(request.headers), json_parse=False)
                return True
        except (WebhookVerificationError, ValueError):
            continue
    return False


def _reading(data: dict[str, Any]) -> Reading:
    state, note = data["state"], data.get("note") or ""
    if any("\0" in str(text) for text in data.values()):
        raise ValueError("a text holds the character NUL, which the database cannot keep")
    if state not in VERB_TO:
        raise ValueError(f"state is one of {', '.join(VERB_TO)}")
    if not isinstance(note, str) or not isinstance(data["ticket"], (str, int)):
        raise TypeError("ticket and note are texts")
    return Reading(state, note[:LONGEST_NOTE], str(data.get("said") or ""))


def _ticket(system: str, named: str) -> Ticket | None:
    """By the other side's id, or by our key."""
    found = Ticket.objects.filter(provider=system)
    ticket = found.filter(external_id=named).order_by("id").first() if named else None
    if ticket is not None:
        return ticket
    try:
        return found.filter(key=UUID(named)).first()
    except ValueError:
        return None


def _refused(status: int, code: str, text: str) -> JsonResponse:
    return JsonResponse({"error": {"code": code, "message": text}}, status=status)
