"""What happens to tickets: opened with a request, moved, noted, told. Atomic, audited; calls are the outbox's."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence

from celery import current_app
from django.db import transaction
from django.urls import reverse

from core import audit, mail, sql, transitions
from core.models import User
from remediation import connections, rules, ticketing
from remediation.errors import NotConnected, NothingToSend, NotInThisState
from remediation.models import Activity, Delivery, Ticket, TicketNote
from remediation.ticketing import builtin
from remediation.ticketing.base import Made, Reading

DELIVER = "tvm_portal.tasks.deliver_tickets"
READ = "tvm_portal.tasks.read_tickets"
TOLD = {
    "completed": "The activity is completed in TVM Portal.",
    "reopened": "The activity is in progress again in TVM Portal.",
}
FIRST_READING = dt.timedelta(minutes=2)


def open_tickets(*, activity: Activity, systems: Sequence[str], by: User, now: dt.datetime) -> list[Ticket]:
    """One ticket a system, with its first delivery, in the caller's transaction. Those that exist stay. Raises NotConnected."""
    on = set(connections.enabled())
    found = []
    with transaction.atomic():
        taken = set(activity.tickets.values_list("provider", flat=True))
        for system in dict.fromkeys(systems):
            if system not in on:
                raise NotConnected(f"{ticketing.label_of(system)} is switched off.")
            if system not in taken:
                found.append(_open(activity, system, now=now))
        for ticket in found:
            after = {"activity": str(activity.pk), "system": ticket.provider}
            audit.record(by=by.get_username(), action="ticket.open", object=ticket, now=now, after=after)
    return found


def made(*, ticket: Ticket, made: Made, now: dt.datetime) -> None:
    """The other side has it."""
    ticket.external_id, ticket.url, ticket.error = made.external_id[:255], made.url[:500], ""
    state = transitions.after(rules.TICKET, ticket.state, "made")
    if state:
        ticket.state = state
    ticket.updated_at = now
    system = ticketing.SYSTEMS.get(ticket.provider)
    ticket.next_read_at = now + FIRST_READING if system and system.reads_back else None
    ticket.save(update_fields=["external_id", "url", "error", "state", "updated_at", "next_read_at"])


def not_made(*, ticket: Ticket, sentence: str, now: dt.datetime) -> None:
    """It could not be made, and will not be by itself."""
    ticket.state = transitions.after(rules.TICKET, ticket.state, "fail") or ticket.state
    ticket.error, ticket.updated_at = sentence, now
    ticket.save(update_fields=["state", "error", "updated_at"])


def move(*, ticket: Ticket, verb: str, note: str = "", by: User, now: dt.datetime) -> Ticket:
    """Accept, reject, complete or reopen one of the portal's own queue, with a word to the requester. Raises NotInThisState."""
    with transaction.atomic():
        ticket = _locked(ticket)
        state = transitions.after(rules.TICKET, ticket.state, verb)
        if ticket.provider != builtin.KEY or state is None:
            raise NotInThisState(f"It is {ticket.get_state_display().lower()} in the meantime.")
        before = {"state": ticket.state}
        ticket.state, ticket.updated_at = state, now
        ticket.save(update_fields=["state", "updated_at"])
        _say(ticket, TicketNote.Side.PORTAL, by.get_username(), ticket.get_state_display(), now)
        if note.strip():
            _say(ticket, TicketNote.Side.THEIRS, by.get_username(), note, now)
        after = {"state": state, "note": note.strip()}
        audit.record(by=by.get_username(), action=f"ticket.{verb}", object=ticket, now=now, before=before, after=after)
    return ticket


def assign(*, ticket: Ticket, to: User | None, by: User, now: dt.datetime) -> Ticket:
    """Give it to somebody, or to nobody."""
    with transaction.atomic():
        ticket = _locked(ticket)
        before = {"assignee": ticket.assignee.get_username() if ticket.assignee else ""}
        ticket.assignee, ticket.updated_at = to, now
        ticket.save(update_fields=["assignee", "updated_at"])
        after = {"assignee": to.get_username() if to else ""}
        if before != after:
            audit.record(by=by.get_username(), action="ticket.assign", object=ticket, now=now, before=before, after=after)
    return ticket


def say(*, ticket: Ticket, text: str, by: User, as_it: bool = False, now: dt.datetime) -> None:
    """Add a note: from security it goes to the other side; `as_it`: from IT, in the portal's own queue."""
    with transaction.atomic():
        ticket = _locked(ticket)
        side = TicketNote.Side.THEIRS if as_it and ticket.provider == builtin.KEY else TicketNote.Side.OURS
        _say(ticket, side, by.get_username(), text, now)
        if ticket.provider != builtin.KEY:
            _post(ticket, Delivery.Verb.TELL, {"event": "noted", "note": f"{by.get_username()}: {text.strip()}"}, now=now)
        audit.record(by=by.get_username(), action="ticket.note", object=ticket, now=now, after={"note": text.strip()})


def tell(*, activity: Activity, event: str, who: str, now: dt.datetime) -> None:
    """Something happened to the activity (completed, reopened): its tickets hear of it, in the caller's transaction."""
    text = f"{TOLD[event]} By {who}." if who else TOLD[event]
    linked = f"{text}\n{activity.title}\n{mail.address_of(reverse('remediation:activity', args=[activity.pk]))}"
    for ticket in activity.tickets.exclude(state=Ticket.State.FAILED).order_by("id"):
        _say(ticket, TicketNote.Side.PORTAL, "", text, now)
        if ticket.provider != builtin.KEY:
            _post(ticket, Delivery.Verb.TELL, {"event": event, "note": linked}, now=now)


def receive(*, ticket: Ticket, reading: Reading, by: str = "", now: dt.datetime, whole: bool = True) -> Ticket:
    """What the other side says of it. `whole`: its notes are all that was ever said there, not only what is new."""
    with transaction.atomic():
        ticket = _locked(ticket)
        news = rules.news(ticket.notes, reading.notes) if whole else reading.notes.strip()
        if whole and reading.notes.strip():
            ticket.notes = reading.notes.strip()
        state = transitions.after(rules.TICKET, ticket.state, rules.VERB_TO[reading.state])
        if state:
            before, ticket.state, ticket.updated_at = ticket.state, state, now
            _say(ticket, TicketNote.Side.PORTAL, by, ticket.get_state_display(), now)
            audit.record(
                by=by or ticket.provider, action="ticket.read", object=ticket, now=now, before={"state": before}, after={"state": state}
            )
        if news:
            _say(ticket, TicketNote.Side.THEIRS, by or ticketing.label_of(ticket.provider), news, now)
        ticket.said, ticket.error, ticket.read_at, ticket.read_tries = reading.said[:200], "", now, 0
        ticket.save(update_fields=["notes", "state", "updated_at", "said", "error", "read_at", "read_tries"])
    return ticket


def send_again(*, delivery: Delivery, by: User, now: dt.datetime) -> None:
    """A failed one from the start, one that waits at once. Raises NothingToSend, NotConnected."""
    with transaction.atomic():
        delivery = Delivery.objects.select_for_update().select_related("ticket").get(pk=delivery.pk)
        held = delivery.leased_until is not None and delivery.leased_until > now
        if delivery.state == Delivery.State.DONE or held:
            raise NothingToSend
        if delivery.ticket.provider not in connections.enabled():
            raise NotConnected(f"{ticketing.label_of(delivery.ticket.provider)} is switched off: switch it on first.")
        before = {"state": delivery.state}
        if delivery.state == Delivery.State.FAILED:
            delivery.state, delivery.tries, delivery.ended_at = Delivery.State.WAITING, 0, None
        delivery.due_at = now
        delivery.save(update_fields=["state", "tries", "ended_at", "due_at"])
        ticket = delivery.ticket
        if delivery.verb == Delivery.Verb.CREATE and (state := transitions.after(rules.TICKET, ticket.state, "retry")):
            ticket.state, ticket.error, ticket.updated_at = state, "", now
            ticket.save(update_fields=["state", "error", "updated_at"])
        connections.resume(ticket.provider)
        audit.record(by=by.get_username(), action="delivery.again", object=delivery, now=now, before=before)
        kick()


def ask_again(*, ticket: Ticket, now: dt.datetime) -> bool:
    """Read its state now. False: its system is never asked."""
    system = ticketing.SYSTEMS.get(ticket.provider)
    if system is None or not system.reads_back or not ticket.external_id:
        return False
    Ticket.objects.filter(pk=ticket.pk).update(next_read_at=now)
    transaction.on_commit(lambda: current_app.send_task(READ), robust=True)
    return True


def kick() -> None:
    """Have the outbox looked at as soon as this is committed; without a broker the schedule does."""
    transaction.on_commit(lambda: current_app.send_task(DELIVER), robust=True)


def _open(activity: Activity, system: str, *, now: dt.datetime) -> Ticket:
    key = uuid.uuid4()
    ticket = Ticket(activity=activity, provider=system, key=key, created_at=now, updated_at=now)
    if system == builtin.KEY:
        ticket.state = transitions.move(rules.TICKET, ticket.state, "made")
        ticket.external_id = str(key)
        ticket.save()
        return ticket
    most = ticketing.SYSTEMS[system].most_devices
    payload: dict[str, object] = {}
    if most and activity.target_count > most:
        rows = sql.rows("remediation/choose_machines", {"activity": activity.pk, "most": most})
        payload["machines"] = [row["machine_id"] for row in rows]
        ticket.sent_count = len(rows)
    ticket.save()
    _post(ticket, Delivery.Verb.CREATE, payload, now=now, key=key)
    return ticket


def _post(ticket: Ticket, verb: str, payload: dict[str, object], *, now: dt.datetime, key: uuid.UUID | None = None) -> None:
    Delivery.objects.create(key=key or uuid.uuid4(), ticket=ticket, verb=verb, payload=payload, created_at=now, due_at=now)
    kick()


def _say(ticket: Ticket, side: str, author: str, text: str, now: dt.datetime) -> None:
    TicketNote.objects.create(ticket=ticket, side=side, author=author[:150], text=text.strip()[:8000], at=now)


def _locked(ticket: Ticket) -> Ticket:
    return Ticket.objects.select_for_update(of=("self",)).select_related("assignee").get(pk=ticket.pk)
