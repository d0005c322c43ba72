"""The outbox of mails: kept first, sent by a worker, tried again with growing pauses, every attempt visible.

An attempt is written down before the server is called. Where a worker dies in between, nobody knows whether the mail went out: it is sent
again under the same Message-ID, by which mailboxes and readers tell that it is the same mail.
"""

from __future__ import annotations

import datetime as dt
import logging
import uuid
from collections.abc import Callable, Iterable
from typing import Any

from django.db import transaction
from django.db.models import F

from core import audit, mail
from core.models import OutgoingMail, User
from core.outbox_rules import KEPT, LEASE, TRANSITIONS, pause
from core.transitions import allows, move

State = OutgoingMail.State
AT_ONCE = 200  # mails of one round of a worker
LONGEST_SUBJECT = 250

logger = logging.getLogger(__name__)


def queue(
    *, about: str, addresses: Iterable[str], subject: str, text: str, html: str, now: dt.datetime, due: dt.datetime | None = None
) -> list[OutgoingMail]:
    """Keep a mail for each address, to be sent from `due` on (None: at once). Sent by `deliver_due`."""
    line = mail.one_line(subject)
    line = line if len(line) <= LONGEST_SUBJECT else f"{line[: LONGEST_SUBJECT - 1]}…"
    mails = [
        OutgoingMail(key=uuid.uuid4(), about=about, address=address, subject=line, text=text, html=html, created_at=now, due_at=due or now)
        for address in addresses
    ]
    return OutgoingMail.objects.bulk_create(mails)


def deliver_due(*, clock: Callable[[], dt.datetime], most: int = AT_ONCE) -> tuple[int, int]:
    """Send what is due, one after the other; (sent, not sent). Ends early where the server does not answer at all."""
    if not mail.enabled():
        return 0, 0
    sent = missed = 0
    while sent + missed < most:
        taken = _take(now=clock())
        if taken is None:
            break
        state, silent = _attempt(taken, clock=clock)
        sent, missed = sent + (state == State.SENT), missed + (state != State.SENT)
        if silent:
            break
    return sent, missed


def deliver_now(kept: OutgoingMail, *, clock: Callable[[], dt.datetime]) -> OutgoingMail:
    """Try one mail at once, while somebody waits for the answer."""
    taken = _take(now=clock(), pk=kept.pk)
    if taken is not None:
        _attempt(taken, clock=clock)
    kept.refresh_from_db()
    return kept


def replay(*, kept: OutgoingMail, by: User, now: dt.datetime) -> bool:
    """Try a mail again that was given up, as often as a new one. Whether it had been."""
    with transaction.atomic():
        kept = OutgoingMail.objects.select_for_update().get(pk=kept.pk)
        if not allows(TRANSITIONS, kept.state, "replay"):
            return False
        kept.state, kept.due_at = move(TRANSITIONS, kept.state, "replay"), now
        kept.attempts = [*kept.attempts, {"at": now.isoformat(), "replayed": by.get_username()}]
        kept.save(update_fields=["state", "due_at", "attempts"])
        audit.record(by=by.get_username(), action="replay mail", object=kept, now=now, after={"address": kept.address})
    return True


def forget_old(*, now: dt.datetime) -> int:
    """Half a year later nothing of a mail is kept."""
    return OutgoingMail.objects.filter(created_at__lt=now - KEPT, state__in=(State.SENT, State.FAILED)).delete()[0]


def _take(*, now: dt.datetime, pk: int | None = None) -> OutgoingMail | None:
    """One mail that is due, with this attempt written down; nobody else takes it for a while. None: there is none."""
    with transaction.atomic():
        due = OutgoingMail.objects.filter(state__in=(State.WAITING, State.SENDING), due_at__lte=now)
        if pk is not None:
            due = due.filter(pk=pk)
        taken = due.order_by("due_at", "id").select_for_update(skip_locked=True).first()
        if taken is not None:
            taken.state, taken.due_at = move(TRANSITIONS, taken.state, "take"), now + LEASE
            taken.attempts = [*taken.attempts, {"at": now.isoformat()}]
            taken.save(update_fields=["state", "due_at", "attempts"])
    return taken


def _attempt(taken: OutgoingMail, *, clock: Callable[[], dt.datetime]) -> tuple[str, bool]:
    """Send it and write down how that ended: its state, and whether the server was silent."""
    try:
        mail.hand_over(to=[taken.address], subject=taken.subject, text=taken.text, html=taken.html, key=str(taken.key))
    except mail.MailUnavailable as fault:
        logger.warning("Mail %s was not sent: %s", taken.key, fault)
        return _missed(taken, fault, now=clock()), isinstance(fault, mail.MailServerSilent)
    return _close(taken, "taken", error="", due_at=F("due_at"), sent_at=clock()), False


def _missed(taken: OutgoingMail, fault: mail.MailUnavailable, *, now: dt.datetime) -> str:
    wait = None if fault.lasting else pause(_tries(taken.attempts))
    if wait is None:
        return _close(taken, "refused", error=str(fault), due_at=now)
    return _close(taken, "put off", error=str(fault), due_at=now + wait)


def _close(taken: OutgoingMail, verb: str, *, error: str, **changes: Any) -> str:
    """Write the end of the attempt down, unless somebody took the mail over in the meantime."""
    state = move(TRANSITIONS, State.SENDING, verb)
    ended = [*taken.attempts[:-1], {**taken.attempts[-1], "error": error[:500]}]
    own = OutgoingMail.objects.filter(pk=taken.pk, state=State.SENDING, attempts=taken.attempts)
    own.update(state=state, attempts=ended, **changes)
    return state


def _tries(attempts: list[dict[str, Any]]) -> int:
    """Attempts since the mail was queued, or replayed."""
    count = 0
    for attempt in reversed(attempts):
        if "replayed" in attempt:
            break
        count += 1
    return count
