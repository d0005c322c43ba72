"""The outbox: takes due deliveries one by one and hands them to their systems, so that each arrives once to the user's eye.

1. A delivery that is due is locked, leased for LEASE, and its attempt written down, before anything is sent. All of it is committed.
2. Its system is called. A ticket is made at once only by the very first attempt; any other looks for it first, as an attempt whose answer
   is not known (a time-out, a worker that was killed) may have made it.
3. What came of it is written, if the lease is still ours: done, failed for good, or when it is tried again.

A worker that dies in between leaves an attempt without an end; when its lease has run out another worker takes the delivery.
"""

from __future__ import annotations

import datetime as dt
import logging
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from core import audit, sql
from remediation import connections, rules, ticket_actions, ticketing
from remediation.models import Delivery, TicketConnection
from remediation.ticket_requests import request_of
from remediation.ticketing.base import Connection, Gone, Made, Refused, System, TryLater, Unsure

LEASE = dt.timedelta(minutes=10)  # longer than the calls of one attempt can take
LATEST_CREATE = 300.0  # seconds after which an attempt makes nothing any more
MOST = 200  # deliveries of one run
LONGEST_RUN = 60.0  # seconds after which a run leaves the rest to the next, so that other tasks have their turn
UNSURE = ("unsure", "stopped")
STOPPED = "The worker stopped before an answer came. The next attempt looks first."

_log = logging.getLogger(__name__)
Clock = Callable[[], dt.datetime]


@dataclass(frozen=True, slots=True)
class Claim:
    """A delivery that is ours until its lease ends. `number`: of the attempt, from 1. `first`: nothing can have been made before."""

    delivery: Delivery
    number: int
    first: bool
    started: float  # of time.monotonic

    def too_early(self, seconds: float) -> bool:
        """Whether the last attempt that may have made it is more recent than this, so that not finding it says nothing."""
        started = dt.datetime.fromisoformat(self.delivery.attempts[-1]["started"])
        unsure = [entry for entry in self.delivery.attempts[:-1] if entry["outcome"] in UNSURE]
        return bool(unsure) and started - dt.datetime.fromisoformat(unsure[-1]["ended"]) < dt.timedelta(seconds=seconds)


@dataclass(frozen=True, slots=True)
class Result:
    """How an attempt ended. `outcome`: done, found, later, unsure, refused, gone."""

    outcome: str
    sentence: str = ""
    wait: float | None = None
    made: Made | None = None

    @property
    def good(self) -> bool:
        return self.outcome in ("done", "found")


def deliver_due(*, clock: Clock, most: int = MOST) -> int:
    """Hand over what is due; a system that does not answer is left alone for the rest of the run. Returns attempts made."""
    unwell: set[str] = set()
    began = time.monotonic()
    for count in range(most):
        claim = take(now=clock(), unwell=unwell) if time.monotonic() - began < LONGEST_RUN else None
        if claim is None:
            return count
        result = attempt(claim)
        settle(claim, result, now=clock())
        if result.outcome in ("later", "unsure", "gone"):
            unwell.add(claim.delivery.ticket.provider)
    return most


def take(*, now: dt.datetime, unwell: set[str] | None = None) -> Claim | None:
    """Lease the next delivery that is due and write its attempt down."""
    with transaction.atomic():
        rows = sql.rows("remediation/claim_delivery", {"now": now, "unwell": sorted(unwell or ())})
        if not rows:
            return None
        delivery = Delivery.objects.select_related("ticket").get(pk=rows[0]["id"])
        for earlier in delivery.attempts:
            if not earlier["ended"]:
                earlier |= {"ended": now.isoformat(), "outcome": "stopped", "sentence": STOPPED}
        first = not delivery.attempts
        delivery.attempts.append({"started": now.isoformat(), "ended": None, "outcome": "", "sentence": "", "next": None})
        delivery.tries += 1
        delivery.leased_until = now + LEASE
        delivery.save(update_fields=["attempts", "tries", "leased_until"])
    return Claim(delivery, len(delivery.attempts), first, time.monotonic())


def attempt(claim: Claim) -> Result:
    """Call the system. Whatever it raises becomes a result."""
    delivery = claim.delivery
    try:
        system = _system(delivery.ticket.provider)
        connection = connections.opened(TicketConnection.objects.get(system=system.key))
        if delivery.verb == Delivery.Verb.CREATE:
            return _create(claim, system, connection)
        return _tell(delivery, system, connection)
    except Gone as error:
        return Result("gone", str(error))
    except Refused as error:
        return Result("refused", str(error))
    except Unsure as error:
        return Result("unsure", str(error), wait=error.wait)
    except TryLater as error:
        return Result("later", str(error), wait=error.wait)
    except Exception as error:  # noqa: BLE001 - what is wrong in a system's code must not hold up the others
        _log.exception("delivery %s", delivery.key)
        return Result("unsure", f"The portal met an error of its own ({type(error).__name__}); its log says more.")


def settle(claim: Claim, result: Result, *, now: dt.datetime) -> None:
    """Write down what came of it. A lease that was lost meanwhile leaves the word to who has it now."""
    with transaction.atomic():
        delivery = Delivery.objects.select_for_update().select_related("ticket").get(pk=claim.delivery.pk)
        if delivery.state != Delivery.State.WAITING or len(delivery.attempts) != claim.number:
            return
        delivery.leased_until = None
        _end(delivery, result, now=now)
        delivery.save(update_fields=["state", "attempts", "due_at", "ended_at", "leased_until"])
        provider = delivery.ticket.provider
        if result.good:
            connections.note_success(provider)
        else:
            connections.note_error(provider, result.sentence, now=now)
        if result.wait:
            connections.pause(provider, seconds=result.wait, now=now)
        if result.outcome == "gone":
            switch_off(provider, reason=result.sentence, now=now)


def switch_off(system: str, *, reason: str, now: dt.datetime) -> None:
    """The other side wants no more: nothing is sent until somebody switches it on again."""
    if TicketConnection.objects.filter(system=system, enabled=True).update(enabled=False, disabled_reason=reason):
        audit.record(by="system", action="connection.off", object=f"ticketconnection {system}", now=now, after={"reason": reason})


def _end(delivery: Delivery, result: Result, *, now: dt.datetime) -> None:
    entry: dict[str, Any] = delivery.attempts[-1]
    entry |= {"ended": now.isoformat(), "outcome": result.outcome, "sentence": result.sentence}
    if result.good:
        delivery.state, delivery.ended_at = Delivery.State.DONE, now
        if result.made:
            ticket_actions.made(ticket=delivery.ticket, made=result.made, now=now)
        return
    delay = None
    if result.outcome in ("later", "unsure"):
        delay = rules.next_delay(delivery.tries, spread=random.uniform(*rules.SPREAD), wait=result.wait)
        if delay is not None and result.outcome == "unsure" and delivery.verb == Delivery.Verb.CREATE:
            delay = max(delay, _look_up_after(delivery.ticket.provider))
        if delay is None:
            result = Result(result.outcome, f"Given up after {delivery.tries} tries. {result.sentence}")
            entry["sentence"] = result.sentence
    if delay is not None:
        delivery.due_at = now + dt.timedelta(seconds=delay)
        entry["next"] = delivery.due_at.isoformat()
        return
    delivery.state, delivery.ended_at = Delivery.State.FAILED, now
    if delivery.verb == Delivery.Verb.CREATE:
        ticket_actions.not_made(ticket=delivery.ticket, sentence=result.sentence, now=now)


def _create(claim: Claim, system: System, connection: Connection) -> Result:
    request = request_of(claim.delivery, most_devices=system.most_devices)
    if not claim.first:
        if found := system.find(connection, request):
            return Result("found", "An earlier attempt had made it.", made=found)
        if claim.too_early(system.look_up_after):
            raise TryLater(f"{system.label} may know only later that it has it: it is looked for again.")
    if time.monotonic() - claim.started > LATEST_CREATE:
        raise TryLater("Looking for the ticket took too long.")
    return Result("done", made=system.create(connection, request))


def _tell(delivery: Delivery, system: System, connection: Connection) -> Result:
    ticket = delivery.ticket
    if not ticket.external_id:
        raise Refused("There is no ticket to tell: send its creation again first.")
    system.tell(connection, ticket.external_id, key=str(delivery.key), event=delivery.payload["event"], note=delivery.payload["note"])
    return Result("done")


def _look_up_after(provider: str) -> float:
    return ticketing.SYSTEMS[provider].look_up_after if provider in ticketing.SYSTEMS else 0.0


def _system(provider: str) -> System:
    if provider not in ticketing.SYSTEMS:
        raise Refused(f"This portal knows no ticket system “{provider}”.")
    return ticketing.SYSTEMS[provider]
